#include "compiler/lower/coordinate/Passes.h"
#include "dialect/AttnDialect.h"

namespace attn::lower {
#define GEN_PASS_DEF_SPECIALIZEPASS
#include "compiler/lower/coordinate/Passes.h.inc"

using namespace mlir;

namespace {

struct SpecializePass : impl::SpecializePassBase<SpecializePass> {
  using SpecializePassBase::SpecializePassBase;

  void runOnOperation() override {
    ir::KernelOp kernel = getOperation();
    llvm::StringMap<int64_t> numbers;
    for (NamedAttribute coordinate : kernel.getCoordinates())
      numbers[coordinate.getName().getValue().upper()] = cast<IntegerAttr>(coordinate.getValue()).getInt();
    kernel.walk([&](ir::ExtentOp extent) { numbers[extent.getName()] = extent.getIndex(); });

    auto list = kernel.getExtents();
    SmallVector<int64_t> known(list ? *list : ArrayRef<int64_t>());
    auto fix = [&](int64_t number, int64_t value) {
      if (number >= int64_t(known.size()))
        known.resize(number + 1, -1);
      if (known[number] < 0)
        known[number] = value;
    };
    kernel.walk([&](ir::ExtentOp extent) {
      if (extent.getFixed())
        fix(extent.getIndex(), *extent.getFixed());
    });
    for (const std::string &entry : extents) {
      auto [name, text] = StringRef(entry).split('=');
      int64_t value = 0;
      if (name.empty() || text.getAsInteger(10, value) || value < 0) {
        kernel.emitError("expected NAME=VALUE with a value of at least 0, not `") << entry << "`";
        return signalPassFailure();
      }
      if (auto number = numbers.find(name); number != numbers.end())
        fix(number->second, value);
    }
    kernel.walk([&](ir::ExtentOp extent) {
      int64_t number = extent.getIndex();
      if (!extent.getFixed() && number < int64_t(known.size()) && known[number] >= 0)
        extent.setFixed(known[number]);
    });
    kernel.setExtents(known);
  }
};

} // namespace
} // namespace attn::lower
