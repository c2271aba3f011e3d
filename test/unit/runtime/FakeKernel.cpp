#include "test/unit/runtime/FakeKernel.h"

#include "test/unit/Catch.h"

#include <cstring>

namespace attn::test {

FakeKernel::FakeKernel() {
  info.name = "fake";
  info.kernel = this;
  info.bind = [](attn_run *run) {
    for (int32_t t = 0; t < run->info->tensor_count; ++t) {
      const attn_tensor_info &tensor = run->info->tensors[t];
      for (int32_t n = 0; n < tensor.rank; ++n) {
        const attn_dimension_info &dimension = tensor.dimensions[n];
        if (dimension.extent >= 0)
          run->sizes[tensor.first_size + n] = dimension.scale * run->extents[dimension.extent] + dimension.offset;
      }
    }
    static_cast<const Info *>(run->info)->kernel->bind(*run);
  };
  info.body = [](attn_run *run, int64_t begin, int64_t end, void *workspace) {
    FakeKernel *kernel = static_cast<const Info *>(run->info)->kernel;
    __atomic_fetch_add(&kernel->bodyCalls, 1, __ATOMIC_RELAXED);
    kernel->body(*run, begin, end, workspace);
  };
}

int FakeKernel::extent(const char *name, attn_extent_kind kind, int64_t fixed, int scalar) {
  extents.push_back({name, "spec.attn:3:24", kind, scalar, fixed});
  return int(extents.size()) - 1;
}

int FakeKernel::scalar(const char *name, attn_scalar_kind kind, int64_t value, bool hasDefault) {
  scalars.push_back({name, kind, hasDefault});
  scalarValues.push_back(value);
  return int(scalars.size()) - 1;
}

int FakeKernel::tensor(const char *name, ElementType element, std::vector<FakeDimension> dimensions, bool isOutput) {
  std::vector<attn_dimension_info> table;
  for (const FakeDimension &dimension : dimensions)
    table.push_back({dimension.extent, dimension.broadcastable, dimension.scale, dimension.offset, dimension.text});
  dimensionTables.push_back(std::move(table));
  tensors.push_back({name, "spec.attn:2:3", int32_t(element), int32_t(dimensions.size()), isOutput, sizeCount,
                     dimensionTables.back().data()});
  sizeCount += int(dimensions.size());
  views.emplace_back();
  given.emplace_back();
  nulls.push_back(false);
  return int(tensors.size()) - 1;
}

int FakeKernel::input(const char *name, ElementType element, std::vector<FakeDimension> dimensions) {
  return tensor(name, element, std::move(dimensions), false);
}

int FakeKernel::output(const char *name, ElementType element, std::vector<FakeDimension> dimensions) {
  return tensor(name, element, std::move(dimensions), true);
}

int FakeKernel::site(int tensor, int dimension, const char *text) {
  return site(tensor < 0 ? ATTN_SITE_DIVISOR : ATTN_SITE_INDEX, tensor, dimension, text);
}

int FakeKernel::site(attn_site_kind kind, int tensor, int dimension, const char *text) {
  sites.push_back({kind, tensor, dimension, "spec.attn:5:20", text});
  return int(sites.size()) - 1;
}

Tensor &FakeKernel::give(int tensor, std::vector<int64_t> shape) {
  Result<Tensor> created = Tensor::create(ElementType(tensors[size_t(tensor)].element), std::move(shape));
  REQUIRE(created);
  given[size_t(tensor)] = std::move(*created);
  views[size_t(tensor)] = given[size_t(tensor)].view();
  return given[size_t(tensor)];
}

attn_status FakeKernel::launch(const attn_context *context) {
  info.tensor_count = int32_t(tensors.size());
  info.extent_count = int32_t(extents.size());
  info.scalar_count = int32_t(scalars.size());
  info.site_count = int32_t(sites.size());
  info.size_count = sizeCount;
  info.summary_count = int32_t(summaries.size());
  info.tensors = tensors.data();
  info.extents = extents.data();
  info.scalars = scalars.data();
  info.sites = sites.data();
  info.summaries = summaries.data();
  info.heads = heads;
  info.groups = groups;
  info.batch_extent_count = batchExtents;
  info.batch = batch;
  std::vector<int64_t> arguments;
  for (size_t t = 0; t < tensors.size(); ++t)
    arguments.push_back(nulls[t] ? 0 : int64_t(reinterpret_cast<intptr_t>(&views[t])));
  arguments.insert(arguments.end(), scalarValues.begin(), scalarValues.end());
  arguments.push_back(0);
  bodyCalls = 0;
  error = {};
  return attn_status(attn_launch(&info, arguments.data(), context, &error));
}

std::string FakeKernel::refusal(attn_status status, const attn_context *context) {
  CHECK(launch(context) == status);
  CHECK(error.status == status);
  if (status == ATTN_INVALID_ARGUMENT)
    CHECK(bodyCalls == 0);
  return error.message;
}

FakeAttention::FakeAttention(int64_t fixedD) {
  B = extent("B");
  H = extent("H");
  G = extent("G");
  I = extent("I");
  J = extent("J");
  D = extent("D", fixedD >= 0 ? ATTN_EXTENT_COMPUTED : ATTN_EXTENT_DIMENSION, fixedD);
  heads = H;
  groups = G;
  q = input("q", ElementType::F32, {{"B", B, 1, 0, true}, {"H", H, 1, 0, true}, {"I", I}, {"D", D}});
  k = input("k", ElementType::F32, {{"B", B, 1, 0, true}, {"G", G, 1, 0, true}, {"J", J}, {"D", D}});
  v = input("v", ElementType::F32, {{"B", B, 1, 0, true}, {"G", G, 1, 0, true}, {"J", J}, {"D", D}});
  o = output("o", ElementType::F32, {{"B", B}, {"H", H}, {"I", I}, {"D", D}});
}

void FakeAttention::giveAll(int64_t b, int64_t h, int64_t g, int64_t i, int64_t j, int64_t d) {
  give(q, {b, h, i, d});
  give(k, {b, g, j, d});
  give(v, {b, g, j, d});
  give(o, {b, h, i, d});
}

} // namespace attn::test
