#include "test/unit/Catch.h"
#include "test/unit/runtime/TemporaryFolder.h"

#include "runtime/file/Safetensors.h"

#include <sys/stat.h>

using namespace attn;
using namespace attn::test;

namespace {

std::string safetensors(std::string_view header, std::string_view data, int64_t lie = -1) {
  uint64_t length = lie >= 0 ? uint64_t(lie) : header.size();
  std::string bytes;
  for (int n = 0; n < 8; ++n)
    bytes += char(length >> (8 * n));
  return bytes + std::string(header) + std::string(data);
}

template <class T> std::string bytesOf(std::vector<T> values) {
  return std::string(reinterpret_cast<const char *>(values.data()), values.size() * sizeof(T));
}

std::string one(std::string_view type, std::string_view shape, size_t bytes) {
  return "{\"q\":{\"dtype\":\"" + std::string(type) + "\",\"shape\":" + std::string(shape) + ",\"data_offsets\":[0," +
         std::to_string(bytes) + "]}}";
}

struct Reader {
  TemporaryFolder folder;
  Result<Converted> read(std::string_view bytes, const std::string &name = "",
                         std::optional<ElementType> wanted = std::nullopt) {
    putContent(folder / "x.safetensors", bytes);
    return readSafetensors(folder / "x.safetensors", name, wanted);
  }
  /// The message without the path it must start with.
  std::string problem(std::string_view bytes, const std::string &name = "",
                      std::optional<ElementType> wanted = std::nullopt) {
    Result<Converted> result = read(bytes, name, wanted);
    REQUIRE(!result);
    std::string start = (folder / "x.safetensors") + ": ";
    REQUIRE(result.message().substr(0, start.size()) == start);
    return result.message().substr(start.size());
  }
};

std::vector<double> reals(const Tensor &tensor) {
  std::vector<double> all;
  for (int64_t n = 0; n < tensor.elementCount(); ++n)
    all.push_back(tensor.real(n));
  return all;
}

} // namespace

TEST_CASE("tensors of a .safetensors file, by name") {
  Reader reader;
  std::string header = R"({"__metadata__":{"format":"pt"},
    "k":{"dtype":"I32","shape":[3],"data_offsets":[16,28]},
    "empty":{"dtype":"F32","shape":[0,4],"data_offsets":[28,28]},
    "layers.0.q":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}   )";
  std::string file = safetensors(header, bytesOf<float>({1, 2, 3, 4}) + bytesOf<int32_t>({5, -6, 7}));
  Result<Converted> q = reader.read(file, "layers.0.q");
  REQUIRE(q);
  CHECK(q->tensor.describe() == "f32[2, 2]");
  CHECK(reals(q->tensor) == std::vector<double>{1, 2, 3, 4});
  CHECK(reals(reader.read(file, "k")->tensor) == std::vector<double>{5, -6, 7});
  CHECK(reader.read(file, "k", ElementType::I64)->tensor.describe() == "i64[3]");
  CHECK(reader.read(file, "empty")->tensor.describe() == "f32[0, 4]");
  CHECK(reader.problem(file, "v") == "has no tensor `v`; it has `layers.0.q`, `k`, `empty`");
  CHECK(reader.problem(file).starts_with("has 3 tensors: choose one with `"));
  Result<std::vector<SafetensorsEntry>> list = listSafetensors(reader.folder / "x.safetensors");
  REQUIRE(list);
  REQUIRE(list->size() == 3);
  CHECK(list->front().name == "layers.0.q");
  CHECK(list->front().type == "F32");
}

TEST_CASE("the only tensor needs no name") {
  Reader reader;
  CHECK(reals(reader.read(safetensors(one("F32", "[]", 4), bytesOf<float>({2.5})))->tensor) == std::vector<double>{2.5});
  CHECK(reader.problem(safetensors("{}", "")) == "has no tensors");
}

TEST_CASE("every type a tensor can hold") {
  Reader reader;
  auto read = [&](std::string_view type, const std::string &data, size_t size) {
    return reader.read(safetensors(one(type, "[" + std::to_string(data.size() / size) + "]", data.size()), data));
  };
  CHECK(read("F16", bytesOf<uint16_t>({0x3C00, 0xC000}), 2)->tensor.describe() == "f16[2]");
  Result<Converted> bfloat = read("BF16", bytesOf<uint16_t>({0x3F80, 0xC000}), 2);
  CHECK(bfloat->tensor.describe() == "bf16[2]");
  CHECK(reals(bfloat->tensor) == std::vector<double>{1, -2});
  CHECK(read("F64", bytesOf<double>({0.1}), 8)->note == "rounded from float64 to f32");
  CHECK(read("I8", "\xff", 1)->tensor.describe() == "i8[1]");
  CHECK(read("U8", "\xff", 1)->tensor.describe() == "u8[1]");
  CHECK(reals(read("I16", bytesOf<int16_t>({-3}), 2)->tensor) == std::vector<double>{-3});
  CHECK(reals(read("U16", bytesOf<uint16_t>({65535}), 2)->tensor) == std::vector<double>{65535});
  CHECK(read("U32", bytesOf<uint32_t>({1}), 4)->tensor.describe() == "i64[1]");
  CHECK(read("I64", bytesOf<int64_t>({1}), 8)->tensor.describe() == "i64[1]");
  CHECK(read("U64", bytesOf<uint64_t>({1}), 8)->tensor.describe() == "i64[1]");
  CHECK(reals(read("BOOL", std::string("\x00\x02", 2), 1)->tensor) == std::vector<double>{0, 1});
  CHECK(reader.problem(safetensors(one("F8_E4M3", "[1]", 1), "x")) ==
        "tensor `q`: has elements of type `F8_E4M3`, which no tensor can hold; convert it to another type first");
  CHECK(reader.problem(safetensors(one("U64", "[1]", 8), bytesOf<uint64_t>({UINT64_MAX}))) ==
        "tensor `q`: element 0 of type U64 does not fit in i64");
  // The format has a bf16 of its own: other two-byte elements are never taken for one.
  CHECK(reals(reader.read(safetensors(one("U16", "[1]", 2), bytesOf<uint16_t>({256})), "", ElementType::BF16)->tensor) ==
        std::vector<double>{256});
  CHECK(reader.read(safetensors(one("F32", "[1]", 4), bytesOf<float>({0.1f})), "", ElementType::BF16)->note ==
        "rounded from f32 to bf16");
  CHECK(reader.problem(safetensors(one("F32", "[1]", 4), bytesOf<float>({1})), "", ElementType::I32) ==
        "tensor `q`: f32[1] cannot become i32: round it to integers first");
}

TEST_CASE("damaged and hostile .safetensors files") {
  Reader reader;
  auto header = [&](std::string_view text, std::string_view data = "") { return reader.problem(safetensors(text, data)); };
  CHECK(reader.problem("") == "is not a .safetensors file: it ends before the length of its header");
  CHECK(reader.problem(safetensors("{}", "", 3)) ==
        "is truncated or not a .safetensors file: its header should have 3 bytes, the file ends after 2");
  CHECK(reader.problem(safetensors("{}", "", INT64_MAX)).starts_with("is truncated or not a .safetensors file"));
  CHECK(reader.problem(std::string(8, '\xff') + "{}").starts_with("is truncated or not a .safetensors file"));
  CHECK(header("") == "is not a .safetensors file: its header does not start with `{`");
  CHECK(header("[]") == "is not a .safetensors file: its header does not start with `{`");
  CHECK(header("{") == "the header is not JSON: it goes wrong at byte 2");
  CHECK(header("{}{}") == "the header is not JSON: it goes wrong at byte 3");
  CHECK(header("{\"q\":1}") == "the header has a number for entry `q`, not an object");
  CHECK(header("{\"q\":[]}") == "the header has an array for entry `q`, not an object");
  CHECK(header("{\"__metadata__\":{\"a\":{}}}") == "the header has an object in `__metadata__`, which holds strings");
  CHECK(header("{\"__metadata__\":{\"a\":1}}") == "the header has a number in `__metadata__`, which holds strings");
  CHECK(header("{\"q\":{}}") == "the header has no `dtype` for tensor `q`");
  CHECK(header("{\"q\":{\"dtype\":\"F32\",\"data_offsets\":[0,0]}}") == "the header has no `shape` for tensor `q`");
  CHECK(header("{\"q\":{\"dtype\":\"F32\",\"shape\":[0]}}") == "the header has no `data_offsets` for tensor `q`");
  CHECK(header("{\"q\":{\"dtype\":7}}") == "the header has a number in tensor `q` for `dtype`, which is a string");
  CHECK(header("{\"q\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}") == "the header has two `dtype` in tensor `q`");
  CHECK(header("{\"q\":{\"colour\":1}}") == "the header has an unknown key `colour` in tensor `q`");
  CHECK(header(one("F32", "[-1]", 0)) ==
        "the header has a negative number in tensor `q` for `shape`, which is a list of whole numbers from 0");
  CHECK(header(one("F32", "[1.5]", 0)) ==
        "the header has a number that isn't whole in tensor `q` for `shape`, which is a list of whole numbers from 0");
  CHECK(header(one("F32", "[[1]]", 0)).starts_with("the header has an array in tensor `q`"));
  CHECK(header(one("F32", "[18446744073709551615]", 0)) == "the header has a number that overflows 64 bits in tensor `q`");
  CHECK(header("{\"q\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[8,4]}}") ==
        "the header has `data_offsets` [8, 4] for tensor `q`: expected its begin and end");
  CHECK(header("{\"q\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0,0]}}") ==
        "the header has `data_offsets` [0, 0, 0] for tensor `q`: expected its begin and end");
  CHECK(header(one("F32", "[4]", 16), "12345678") == "is truncated: tensor `q` ends at byte 16 of the data, the file has 8");
  CHECK(header(one("F32", "[1]", 4), "12345678") == "has 4 bytes after its last tensor");
  CHECK(header(one("F32", "[3]", 4), "1234") == "tensor `q`: F32[3] needs 12 bytes, the header gives it 4");
  CHECK(header(one("F32", "[4294967296,4294967296]", 4), "1234") ==
        "tensor `q`: the number of bytes in shape [4294967296, 4294967296] overflows 64 bits");
  CHECK(header(one("F32", "[1,1,1,1,1,1,1,1,1]", 4), "1234") == "tensor `q`: rank 9 is above 8, the most a tensor may have");
  std::string two = R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[)";
  CHECK(header(two + "1,3]}}", "123") == "tensor `b` begins inside another, at byte 1 of the data");
  CHECK(header(two + "3,5]}}", "12345") == "no tensor has bytes 2 to 3 of the data");
  CHECK(header(R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{}})") == "the header has two entries `a`");
  CHECK(header("{\"\x1b[31m\":1}").find('\x1b') == std::string::npos);
  // Deep nesting and long lists end at once, whatever their size.
  CHECK(header("{\"q\":" + std::string(1 << 20, '[')) == "the header has an array for entry `q`, not an object");
  std::string many = "[0";
  for (int n = 0; n < 100000; ++n)
    many += ",0";
  CHECK(header(one("F32", many + "]", 0)) == "the header has a list of more than 64 numbers in tensor `q`");
}

TEST_CASE("no prefix and no changed byte of a .safetensors file crashes the reader") {
  Reader reader;
  std::string header = R"({"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[2],"data_offsets":[8,10]}})";
  std::string good = safetensors(header, bytesOf<float>({1, 2}) + "ab");
  REQUIRE(reader.read(good, "a"));
  for (size_t length = 0; length < good.size(); ++length)
    CHECK(!reader.read(good.substr(0, length), "a"));
  for (size_t at = 0; at < 8 + header.size(); ++at)
    for (char replacement : {'\0', '\xff', '9', '[', '{', '"', ',', '}'}) {
      std::string changed = good;
      changed[at] = replacement;
      (void)reader.read(changed, "b");
    }
}

TEST_CASE("a .safetensors file that is none") {
  TemporaryFolder folder;
  CHECK(readSafetensors(folder / "none", "q").message() == (folder / "none") + ": No such file or directory");
  CHECK(readSafetensors(folder / "", "q").message() == (folder / "") + ": is a directory, not a .safetensors file");
  REQUIRE(mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK(readSafetensors(folder / "pipe", "q").message() == (folder / "pipe") + ": is not a regular file");
}

TEST_CASE("a file and the name of a tensor in it") {
  CHECK(!splitSafetensors("q.npy"));
  CHECK(!splitSafetensors("safetensors"));
  CHECK(splitSafetensors("a/x.safetensors") == std::pair<std::string, std::string>("a/x.safetensors", ""));
  CHECK(splitSafetensors("x.safetensors:layers.0:q") == std::pair<std::string, std::string>("x.safetensors", "layers.0:q"));
}
