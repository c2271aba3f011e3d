#include "test/unit/Catch.h"
#include "test/unit/runtime/TemporaryFolder.h"

#include "runtime/file/Npy.h"
#include "runtime/file/NpyHeader.h"
#include "runtime/tensor/Random.h"

#include <bit>
#include <cmath>
#include <cstring>

using namespace attn;
using namespace attn::test;

namespace {

/// A file of version `version` with this header text (its length may be lied about) and data.
std::string npy(std::string_view header, std::string_view data, int version = 1, int64_t lie = -1) {
  std::string bytes = "\x93NUMPY";
  bytes += char(version);
  bytes += '\0';
  uint64_t length = lie >= 0 ? uint64_t(lie) : header.size();
  for (int n = 0; n < (version == 1 ? 2 : 4); ++n)
    bytes += char(length >> (8 * n));
  return bytes + std::string(header) + std::string(data);
}

std::string header(std::string_view descr, std::string_view shape, bool fortran = false) {
  return "{'descr': '" + std::string(descr) + "', 'fortran_order': " + (fortran ? "True" : "False") +
         ", 'shape': " + std::string(shape) + ", }\n";
}

template <class T> std::string bytesOf(std::vector<T> values) {
  return std::string(reinterpret_cast<const char *>(values.data()), values.size() * sizeof(T));
}

struct Reader {
  TemporaryFolder folder;
  Result<Converted> read(std::string_view bytes, std::optional<ElementType> wanted = std::nullopt) {
    putContent(folder / "x.npy", bytes);
    return readNpy(folder / "x.npy", wanted);
  }
  /// The message without the path it must start with.
  std::string problem(std::string_view bytes, std::optional<ElementType> wanted = std::nullopt) {
    Result<Converted> result = read(bytes, wanted);
    REQUIRE(!result);
    std::string start = (folder / "x.npy") + ": ";
    REQUIRE(result.message().substr(0, start.size()) == start);
    return result.message().substr(start.size());
  }
};

std::vector<double> reals(const Tensor &tensor) {
  Result<Tensor> compact = tensor.compacted();
  std::vector<double> all;
  for (int64_t n = 0; n < compact->elementCount(); ++n)
    all.push_back(compact->real(n));
  return all;
}

} // namespace

TEST_CASE("what is written is read back") {
  TemporaryFolder folder;
  Random random(3);
  for (int type = 0; type <= int(ElementType::Bool); ++type)
    for (auto shape : {std::vector<int64_t>{}, {1}, {7}, {0}, {3, 0, 2}, {2, 3, 4}, {1, 1, 1, 1, 1, 1, 1, 2}}) {
      Result<Tensor> tensor = Tensor::create(ElementType(type), shape);
      for (int64_t n = 0; n < tensor->elementCount(); ++n)
        isFloat(ElementType(type)) ? tensor->setReal(n, random.normal())
                                   : tensor->setInteger(n, int64_t(random.bits()));
      REQUIRE(writeNpy(folder / "x.npy", *tensor));
      Result<Converted> back = readNpy(folder / "x.npy");
      REQUIRE(back);
      CHECK(back->tensor.shape() == shape);
      CHECK(back->tensor.element() == (ElementType(type) == ElementType::BF16 ? ElementType::F32 : ElementType(type)));
      CHECK(reals(back->tensor) == reals(*tensor));
      CHECK(std::string(contentOf(folder / "x.npy")).find('\n') % 64 == 63);
    }
}

TEST_CASE("bf16 is written as float32 or as its bits") {
  TemporaryFolder folder;
  Result<Tensor> tensor = Tensor::create(ElementType::BF16, {2});
  tensor->setReal(0, 1.5);
  tensor->setReal(1, -3);
  REQUIRE(writeNpy(folder / "bits.npy", *tensor, true));
  Result<Converted> bits = readNpy(folder / "bits.npy", ElementType::BF16);
  REQUIRE(bits);
  CHECK(reals(bits->tensor) == std::vector<double>{1.5, -3});
  CHECK(bits->note.empty());
  REQUIRE(writeNpy(folder / "wide.npy", *tensor));
  Result<Converted> wide = readNpy(folder / "wide.npy", ElementType::BF16);
  CHECK(reals(wide->tensor) == std::vector<double>{1.5, -3});
}

TEST_CASE("a tensor in another memory order is written in index order") {
  TemporaryFolder folder;
  Result<Tensor> tensor = Tensor::createOrdered(ElementType::I32, {2, 3}, {1, 0});
  for (int64_t n = 0; n < 6; ++n)
    tensor->setInteger(n, n);
  REQUIRE(writeNpy(folder / "x.npy", *tensor));
  CHECK(reals(readNpy(folder / "x.npy")->tensor) == std::vector<double>{0, 2, 4, 1, 3, 5});
}

TEST_CASE("headers are NumPy's") {
  CHECK(formatNpyHeader("<f4", {2, 3}).substr(10, 60) ==
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), } ");
  CHECK(formatNpyHeader("<f4", {3}).substr(10, 59) == "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }  ");
  CHECK(formatNpyHeader("<f4", {}).substr(10, 57) == "{'descr': '<f4', 'fortran_order': False, 'shape': (), }  ");
  for (auto shape : {std::vector<int64_t>{}, {3}, {2, 3}, std::vector<int64_t>(8, INT64_MAX)}) {
    std::string bytes = formatNpyHeader("|b1", shape);
    CHECK(bytes.size() % 64 == 0);
    CHECK(size_t(uint8_t(bytes[8])) + 256 * size_t(uint8_t(bytes[9])) == bytes.size() - 10);
    Result<NpyHeader> parsed = parseNpyHeader(bytes.substr(10));
    REQUIRE(parsed);
    CHECK(parsed->shape == shape);
    CHECK(parsed->kind == 'b');
    CHECK(parsed->itemSize == 1);
  }
}

TEST_CASE("versions, orders, byte orders") {
  Reader reader;
  std::string data = bytesOf<float>({1, 2, 3, 4, 5, 6});
  for (int version : {1, 2, 3})
    CHECK(reals(reader.read(npy(header("<f4", "(2, 3)"), data, version))->tensor) ==
          std::vector<double>{1, 2, 3, 4, 5, 6});
  Result<Converted> fortran = reader.read(npy(header("<f4", "(2, 3)", true), data));
  REQUIRE(fortran);
  CHECK(fortran->tensor.strides() == std::vector<int64_t>{1, 2});
  CHECK(reals(fortran->tensor) == std::vector<double>{1, 3, 5, 2, 4, 6});
  std::string swapped = data;
  for (size_t n = 0; n < swapped.size(); n += 4)
    std::reverse(swapped.begin() + int64_t(n), swapped.begin() + int64_t(n) + 4);
  CHECK(reals(reader.read(npy(header(">f4", "(6,)"), swapped))->tensor) == std::vector<double>{1, 2, 3, 4, 5, 6});
  CHECK(reals(reader.read(npy(header("=f4", "(6L,)"), data))->tensor) == std::vector<double>{1, 2, 3, 4, 5, 6});
  CHECK(reader.read(npy("{\"shape\": (6,), \"fortran_order\": False, \"descr\": \"<f4\"}", data)));
  CHECK(reals(reader.read(npy(header(">i2", "(2,)"), std::string("\x01\x02\xff\xfe", 4)))->tensor) ==
        std::vector<double>{258, -2});
}

TEST_CASE("types without a tensor type of their own") {
  Reader reader;
  Result<Converted> f8 = reader.read(npy(header("<f8", "(2,)"), bytesOf<double>({0.1, 2})));
  REQUIRE(f8);
  CHECK(f8->tensor.describe() == "f32[2]");
  CHECK(f8->tensor.real(0) == double(0.1f));
  CHECK(f8->note == "rounded from float64 to f32");
  f8 = reader.read(npy(header("<f8", "(1,)"), bytesOf<double>({1 + 0x1p-8 + 0x1p-30})), ElementType::BF16);
  CHECK(f8->tensor.real(0) == 1 + 0x1p-7);
  CHECK(f8->note == "rounded from float64 to bf16");
  CHECK(reals(reader.read(npy(header("<u2", "(2,)"), bytesOf<uint16_t>({65535, 1})))->tensor) ==
        std::vector<double>{65535, 1});
  CHECK(reals(reader.read(npy(header("<u4", "(1,)"), bytesOf<uint32_t>({4294967295u})))->tensor) ==
        std::vector<double>{4294967295.0});
  CHECK(reader.read(npy(header("<u8", "(1,)"), bytesOf<uint64_t>({7})))->tensor.describe() == "i64[1]");
  CHECK(reader.problem(npy(header("<u8", "(2,)"), bytesOf<uint64_t>({7, UINT64_MAX}))) ==
        "element 1 of type <u8 does not fit in i64");
  CHECK(reals(reader.read(npy(header("|b1", "(3,)"), std::string("\x00\x01\x07", 3)))->tensor) ==
        std::vector<double>{0, 1, 1});
}

TEST_CASE("a wanted type") {
  Reader reader;
  Result<Converted> rounded = reader.read(npy(header("<f4", "(2,)"), bytesOf<float>({0.1f, 2})), ElementType::BF16);
  REQUIRE(rounded);
  CHECK(rounded->note == "rounded from f32 to bf16");
  CHECK(rounded->tensor.describe() == "bf16[2]");
  CHECK(reader.read(npy(header("|V2", "(1,)"), bytesOf<uint16_t>({0x3F80})), ElementType::BF16)->tensor.real(0) == 1);
  CHECK(reader.read(npy(header("<i8", "(2,)"), bytesOf<int64_t>({0, 5})), ElementType::I32)->tensor.describe() ==
        "i32[2]");
  CHECK(reader.problem(npy(header("<i8", "(2,)"), bytesOf<int64_t>({0, int64_t(1) << 40})), ElementType::I32) ==
        "value 1099511627776 does not fit in i32");
  CHECK(reader.problem(npy(header("<f4", "(1,)"), bytesOf<float>({1})), ElementType::I32) ==
        "f32[1] cannot become i32: round it to integers first");
}

TEST_CASE("damaged and hostile files") {
  Reader reader;
  std::string good = npy(header("<f4", "(2,)"), bytesOf<float>({1, 2}));
  CHECK(reader.problem("") == "is not a .npy file (it does not start with `\\x93NUMPY`)");
  CHECK(reader.problem("PK\x03\x04 an archive") == "is not a .npy file (it does not start with `\\x93NUMPY`)");
  CHECK(reader.problem(good.substr(0, 8)) == "is truncated inside its header");
  CHECK(reader.problem(npy(header("<f4", "(2,)"), "", 2).substr(0, 10)) == "is truncated inside its header");
  CHECK(reader.problem(npy(header("<f4", "(2,)"), "", 9)) == "has .npy version 9.0; versions 1 to 3 are supported");
  CHECK(reader.problem(npy("{}", "", 1, 60000)) ==
        "is truncated: its header should have 60000 bytes, the file ends after 2");
  CHECK(reader.problem(npy("{}", "", 2, 0xFFFFFFFF)) ==
        "is truncated: its header should have 4294967295 bytes, the file ends after 2");
  CHECK(reader.problem(npy(std::string(2 << 20, ' '), "", 2)) ==
        "has a header of 2097152 bytes; that is not a tensor's");
  CHECK(reader.problem(good.substr(0, good.size() - 3)) ==
        "is truncated: <f4[2] needs 8 bytes of data, the file has 5");
  CHECK(reader.problem(good + "junk") == "has 4 bytes after its data (<f4[2] needs 8)");
  CHECK(reader.problem(npy(header("<f4", "(1000000000000,)"), "abcd")) ==
        "is truncated: <f4[1000000000000] needs 4000000000000 bytes of data, the file has 4");
  CHECK(reader.problem(npy(header("<f4", "(4294967296, 4294967296)"), "")) ==
        "the number of bytes in shape [4294967296, 4294967296] overflows 64 bits");
  CHECK(reader.problem(npy(header("<f4", "(9223372036854775807, 0)"), "")) ==
        "the number of bytes in shape [9223372036854775807, 0] overflows 64 bits");
  CHECK(reader.problem(npy(header("<f4", "(4611686018427387904,)"), "")) ==
        "the number of bytes in shape [4611686018427387904] overflows 64 bits");
  CHECK(reader.problem(npy(header("<f4", "(99999999999999999999,)"), "")) ==
        "the header has a dimension that overflows 64 bits");
  CHECK(reader.problem(npy(header("<f4", "(-1,)"), "")) == "the header has a negative dimension");
  CHECK(reader.problem(npy(header("<f4", "(1,1,1,1,1,1,1,1,1)"), "abcd")) ==
        "rank 9 is above 8, the most a tensor may have");
  CHECK(reader.problem(npy(header("<f4", "[2]"), "")) == "the header has a `shape` that is not a tuple");
  CHECK(reader.problem(npy(header("<f4", "(2, x)"), "")) == "the header has a `shape` that is not a tuple of numbers");
  CHECK(reader.problem(npy(header("<f4", "(2"), "")) == "the header has a `shape` that is not a tuple of numbers");
  CHECK(reader.problem(npy(header("<c8", "(1,)"), "abcdefgh")) ==
        "has elements of type `<c8`, which no tensor can hold; convert it to another type first");
  CHECK(reader.problem(npy(header("|O", "(1,)"), "")) ==
        "the header describes elements of type `|O`, which are not numbers");
  CHECK(reader.problem(npy(header("<U4", "(1,)"), "0123456789abcdef")) ==
        "the header describes elements of type `<U4`, which are not numbers");
  CHECK(reader.problem(npy(header("<f4\n", "(1,)"), "")) == "the header has a `descr` that is not a string");
  CHECK(reader.problem(npy(header("|V2", "(1,)"), "ab")) ==
        "has elements of type `|V2`, whose meaning is known only where bf16 is wanted");
  CHECK(reader.problem(npy(header("<f4x", "(1,)"), "")) == "the header has an unknown element type `<f4x`");
  CHECK(reader.problem(npy(header("", "(1,)"), "")) == "the header has an unknown element type ``");
  CHECK(reader.problem(npy("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (1,)}", "")) ==
        "the header describes a structured type; only plain elements are supported");
  CHECK(reader.problem(npy("{'descr': '<f4', 'fortran_order': 1, 'shape': (1,)}", "")) ==
        "the header has a `fortran_order` that is neither True nor False");
  CHECK(reader.problem(npy("{'descr': '<f4', 'shape': (1,)}", "")) == "the header has no `fortran_order`");
  CHECK(reader.problem(npy("{'descr': '<f4', 'descr': '<f4'}", "")) == "the header has two `descr`");
  CHECK(reader.problem(npy("{'colour': 1}", "")) == "the header has an unknown key `colour`");
  CHECK(reader.problem(npy("{'shape': (1,) 'descr': '<f4'}", "")) == "the header lacks a `,` or `}`");
  CHECK(reader.problem(npy("{descr: 1}", "")) == "the header is not a dictionary of `'key': value`");
  CHECK(reader.problem(npy("[]", "")) == "the header does not start with `{`");
  CHECK(reader.problem(npy(header("<f4", "(0,)") + "{}", "")) == "the header goes on after `}`");
}

TEST_CASE("no prefix and no changed byte of a file crashes the reader") {
  Reader reader;
  std::string good = npy(header("<f4", "(2, 3)"), bytesOf<float>({1, 2, 3, 4, 5, 6}));
  for (size_t length = 0; length < good.size(); ++length)
    CHECK(!reader.read(good.substr(0, length)));
  size_t headerEnd = good.size() - 24;
  for (size_t at = 0; at < headerEnd; ++at)
    for (char replacement : {'\0', '\xff', '9', '(', '\'', ',', '}'}) {
      std::string changed = good;
      changed[at] = replacement;
      (void)reader.read(changed);
    }
}

TEST_CASE("files that are none") {
  TemporaryFolder folder;
  CHECK(readNpy(folder / "none.npy").message() == (folder / "none.npy") + ": No such file or directory");
  CHECK(readNpy(folder / "").message() == (folder / "") + ": is a directory, not a .npy file");
  CHECK(readNpy("/dev/zero").message() == "/dev/zero: is not a regular file");
}

TEST_CASE("an output that cannot be written leaves nothing") {
  TemporaryFolder folder;
  Tensor tensor;
  CHECK(writeNpy(folder / "none/x.npy", tensor).message() ==
        "cannot write " + (folder / "none/x.npy") + ": there is no directory " + (folder / "none"));
  CHECK(folder.names().empty());
}
