#include "compiler/codegen/KernelInfo.h"

#include "compiler/codegen/ExportedName.h"
#include "runtime/kernel/Kernel.h"

#include <fmt/format.h>

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/IRBuilder.h"

using namespace attn;
using namespace attn::codegen;

// The tables below repeat the order and types of Kernel.h's members.
static_assert(sizeof(attn_dimension_info) == 32 && offsetof(attn_dimension_info, text) == 24);
static_assert(sizeof(attn_tensor_info) == 40 && offsetof(attn_tensor_info, dimensions) == 32);
static_assert(sizeof(attn_extent_info) == 32 && offsetof(attn_extent_info, fixed) == 24);
static_assert(sizeof(attn_scalar_info) == 16 && offsetof(attn_scalar_info, has_default) == 12);
static_assert(sizeof(attn_site_info) == 32 && offsetof(attn_site_info, text) == 24);
static_assert(sizeof(attn_kernel_info) == 104 && offsetof(attn_kernel_info, tensors) == 32 &&
              offsetof(attn_kernel_info, heads) == 72 && offsetof(attn_kernel_info, body) == 96);
static_assert(sizeof(attn_kernel_version) == 24 && offsetof(attn_kernel_version, info) == 16);
static_assert(ATTN_F16 == int(sema::ElementType::F16) && ATTN_F32 == int(sema::ElementType::F32) &&
              ATTN_BOOL == int(sema::ElementType::Bool));

namespace {

class TableBuilder {
public:
  TableBuilder(llvm::Module &module, const KernelSource &kernel)
      : module(module), context(module.getContext()), kernel(kernel), attention(*kernel.attention) {}

  llvm::GlobalVariable *build(llvm::Function *bind, llvm::Function *body, const std::string &name);

private:
  llvm::Constant *int32(int64_t value) {
    return llvm::ConstantInt::getSigned(llvm::Type::getInt32Ty(context), value);
  }
  llvm::Constant *int64(int64_t value) {
    return llvm::ConstantInt::getSigned(llvm::Type::getInt64Ty(context), value);
  }
  llvm::Constant *record(llvm::ArrayRef<llvm::Constant *> members) {
    return llvm::ConstantStruct::getAnon(context, members);
  }
  llvm::Constant *text(llvm::StringRef value);
  llvm::Constant *table(llvm::ArrayRef<llvm::Constant *> rows);
  llvm::Constant *place(SourceRange range);
  llvm::Constant *dimensions(const std::vector<sema::Dimension> &list);
  llvm::Constant *tensors(int32_t &count, int32_t &sizes);
  llvm::Constant *extents();
  bool isBoundByCaller(sema::ExtentId id) const;
  llvm::Constant *scalars();
  llvm::Constant *sites();
  int64_t extentOf(sema::CoordinateId coordinate) const {
    sema::ExtentId extent = attention.coordinates[coordinate].extent;
    return extent == sema::none ? -1 : int64_t(extent);
  }

  llvm::Module &module;
  llvm::LLVMContext &context;
  const KernelSource &kernel;
  const sema::Attention &attention;
};

llvm::GlobalVariable *constantGlobal(llvm::Module &module, llvm::Constant *value, const llvm::Twine &name) {
  auto *global = new llvm::GlobalVariable(module, value->getType(), /*isConstant=*/true,
                                          llvm::GlobalValue::PrivateLinkage, value, name);
  global->setUnnamedAddr(llvm::GlobalValue::UnnamedAddr::Global);
  return global;
}

llvm::Constant *TableBuilder::text(llvm::StringRef value) {
  return constantGlobal(module, llvm::ConstantDataArray::getString(context, value), kernel.symbol + ".text");
}

llvm::Constant *TableBuilder::table(llvm::ArrayRef<llvm::Constant *> rows) {
  if (rows.empty())
    return llvm::ConstantPointerNull::get(llvm::PointerType::get(context, 0));
  auto *type = llvm::ArrayType::get(rows.front()->getType(), rows.size());
  return constantGlobal(module, llvm::ConstantArray::get(type, rows), kernel.symbol + ".table");
}

llvm::Constant *TableBuilder::place(SourceRange range) {
  if (!range)
    return text("");
  LineColumn at = range.file->locate(range.begin);
  return text(fmt::format("{}:{}:{}", range.file->path(), at.line, at.column));
}

/// Whether the launcher finds an extent in a dimension. What the binder computes an extent from is compared with the rest afterwards.
static bool bindsExtent(const sema::Dimension &dimension) {
  return dimension.extent != sema::none && dimension.scaleValue == sema::none && dimension.offsetValue == sema::none;
}

llvm::Constant *TableBuilder::dimensions(const std::vector<sema::Dimension> &list) {
  std::vector<llvm::Constant *> rows;
  for (const sema::Dimension &dimension : list) {
    rows.push_back(record({int32(bindsExtent(dimension) ? int64_t(dimension.extent) : -1),
                           int32(dimension.broadcastable), int64(dimension.scale), int64(dimension.offset),
                           text(dimensionText(attention, dimension))}));
  }
  return table(rows);
}

llvm::Constant *TableBuilder::tensors(int32_t &count, int32_t &sizes) {
  std::vector<llvm::Constant *> rows;
  auto add = [&](const auto &tensor, bool isOutput) {
    rows.push_back(record({text(tensor.name), place(tensor.range), int32(int64_t(tensor.element)),
                           int32(tensor.dimensions.size()), int32(isOutput), int32(sizes),
                           dimensions(tensor.dimensions)}));
    sizes += int32_t(tensor.dimensions.size());
  };
  for (const sema::Tensor &tensor : attention.tensors)
    add(tensor, false);
  for (const sema::Output &output : attention.outputs)
    add(output, true);
  count = int32_t(rows.size());
  return table(rows);
}

llvm::Constant *TableBuilder::extents() {
  std::vector<llvm::Constant *> rows;
  for (const sema::Extent &extent : attention.extents) {
    int64_t kind = extent.binding == sema::ExtentBinding::Input ? ATTN_EXTENT_SCALAR : ATTN_EXTENT_COMPUTED;
    if (extent.binding == sema::ExtentBinding::Dimension && isBoundByCaller(sema::ExtentId(rows.size())))
      kind = ATTN_EXTENT_DIMENSION;
    rows.push_back(record({text(extent.name), place(extent.range), int32(kind),
                           int32(extent.scalar == sema::none ? -1 : int64_t(extent.scalar)),
                           int64(extent.fixed.value_or(-1))}));
  }
  return table(rows);
}

/// Whether the launcher finds an extent in a dimension; the binder does where other extents stand beside it.
bool TableBuilder::isBoundByCaller(sema::ExtentId id) const {
  return std::any_of(attention.tensors.begin(), attention.tensors.end(), [&](const sema::Tensor &tensor) {
    return std::any_of(tensor.dimensions.begin(), tensor.dimensions.end(), [&](const sema::Dimension &dimension) {
      return dimension.extent == id && bindsExtent(dimension);
    });
  });
}

llvm::Constant *TableBuilder::scalars() {
  std::vector<llvm::Constant *> rows;
  for (const sema::Scalar &scalar : attention.scalars)
    rows.push_back(
        record({text(scalar.name), int32(int64_t(scalar.kind)), int32(scalar.defaultValue != sema::none)}));
  return table(rows);
}

llvm::Constant *TableBuilder::sites() {
  std::vector<llvm::Constant *> rows;
  for (const Site &site : kernel.sites)
    rows.push_back(record({int32(site.kind), int32(site.tensor), int32(site.dimension), text(site.place), text(site.text)}));
  return table(rows);
}

llvm::GlobalVariable *TableBuilder::build(llvm::Function *bind, llvm::Function *body, const std::string &name) {
  std::vector<llvm::Constant *> summaries;
  for (int32_t tensor : kernel.summaries)
    summaries.push_back(int32(tensor));
  int32_t tensorCount = 0, sizeCount = 0;
  auto batchExtents = std::count_if(attention.extents.begin(), attention.extents.end(),
                                    [](const sema::Extent &extent) { return extent.perBatch; });
  llvm::Constant *tensorTable = tensors(tensorCount, sizeCount);
  llvm::Constant *info =
      record({text(attention.name), int32(tensorCount), int32(attention.extents.size()),
              int32(attention.scalars.size()), int32(kernel.sites.size()), int32(sizeCount), int32(summaries.size()),
              tensorTable, extents(), scalars(), sites(), table(summaries), int32(extentOf(sema::coordinateH)),
              int32(extentOf(sema::coordinateG)), int32(batchExtents), int32(extentOf(sema::coordinateB)), bind, body});
  // Modules that are linked with this one refer to it by name; `addEntry` makes it internal.
  llvm::GlobalVariable *global = constantGlobal(module, info, name);
  global->setLinkage(llvm::GlobalValue::ExternalLinkage);
  return global;
}

llvm::Error missing(const llvm::Twine &what) {
  return llvm::createStringError(what);
}

} // namespace

llvm::Expected<KernelSource> codegen::takeKernelSource(mlir::ModuleOp module, const sema::Attention &attention) {
  KernelSource kernel;
  kernel.attention = &attention;
  kernel.symbol = exportedName(attention.name);
  kernel.bind = attention.name + "_bind";
  kernel.body = attention.name + "_body";
  mlir::Operation *body = module.lookupSymbol(kernel.body);
  if (!body || !module.lookupSymbol(kernel.bind))
    return missing("the module has no `" + kernel.bind + "` or no `" + kernel.body + "`");

  if (auto sites = body->getAttrOfType<mlir::ArrayAttr>("attn.sites")) {
    for (mlir::Attribute entry : sites) {
      auto fields = mlir::dyn_cast<mlir::DictionaryAttr>(entry);
      auto kind = fields ? fields.getAs<mlir::IntegerAttr>("kind") : nullptr;
      auto tensor = fields ? fields.getAs<mlir::IntegerAttr>("tensor") : nullptr;
      auto dimension = fields ? fields.getAs<mlir::IntegerAttr>("dimension") : nullptr;
      auto place = fields ? fields.getAs<mlir::StringAttr>("place") : nullptr;
      auto text = fields ? fields.getAs<mlir::StringAttr>("text") : nullptr;
      if (!kind || !tensor || !dimension || !place || !text)
        return missing("an entry of `attn.sites` lacks kind, tensor, dimension, place or text");
      kernel.sites.push_back(
          {int32_t(kind.getInt()), int32_t(tensor.getInt()), int32_t(dimension.getInt()), place.getValue().str(), text.getValue().str()});
    }
    body->removeAttr("attn.sites");
  }
  mlir::Attribute summaries = body->removeAttr("attn.summaries");
  if (auto numbers = mlir::dyn_cast_or_null<mlir::DenseI32ArrayAttr>(summaries)) {
    kernel.summaries.assign(numbers.asArrayRef().begin(), numbers.asArrayRef().end());
  } else if (auto list = mlir::dyn_cast_or_null<mlir::ArrayAttr>(summaries)) {
    for (mlir::Attribute entry : list) {
      auto number = mlir::dyn_cast<mlir::IntegerAttr>(entry);
      if (!number)
        return missing("`attn.summaries` holds something other than an integer");
      kernel.summaries.push_back(int32_t(number.getInt()));
    }
  } else if (summaries) {
    return missing("`attn.summaries` is not a list of integers");
  }
  return kernel;
}

llvm::Expected<std::string> codegen::addTables(llvm::Module &module, const KernelSource &kernel, const std::string &suffix) {
  llvm::Function *bind = module.getFunction(kernel.bind);
  llvm::Function *body = module.getFunction(kernel.body);
  if (!bind || !body)
    return missing("the module has no `" + kernel.bind + "` or no `" + kernel.body + "`");
  bind->setName(kernel.symbol + ".bind" + suffix);
  body->setName(kernel.symbol + ".body" + suffix);
  bind->setLinkage(llvm::GlobalValue::InternalLinkage);
  body->setLinkage(llvm::GlobalValue::InternalLinkage);
  return TableBuilder(module, kernel).build(bind, body, kernel.symbol + ".info" + suffix)->getName().str();
}

llvm::Error codegen::addEntry(llvm::Module &module, const std::vector<KernelVersion> &versions, Entry kind) {
  const std::string &symbol = versions.front().symbol;
  llvm::LLVMContext &context = module.getContext();
  llvm::Type *pointer = llvm::PointerType::get(context, 0), *status = llvm::Type::getInt32Ty(context);
  std::vector<llvm::Constant *> rows;
  for (const KernelVersion &version : versions) {
    llvm::GlobalVariable *tables = module.getNamedGlobal(version.tables);
    if (!tables)
      return missing("the module has no `" + version.tables + "`");
    tables->setLinkage(llvm::GlobalValue::InternalLinkage);
    llvm::Constant *features = llvm::ConstantInt::get(llvm::Type::getInt64Ty(context), version.features);
    llvm::Constant *cpu = constantGlobal(module, llvm::ConstantDataArray::getString(context, version.cpu), symbol + ".text");
    rows.push_back(llvm::ConstantStruct::getAnon(context, {features, cpu, tables}));
  }
  auto *entry = llvm::Function::Create(llvm::FunctionType::get(status, {pointer, pointer, pointer}, false),
                                       llvm::GlobalValue::ExternalLinkage, symbol, module);
  if (entry->getName() != symbol)
    return missing("two functions of the module are named `" + symbol + "`");
  llvm::Value *arguments[] = {entry->getArg(0), entry->getArg(1), entry->getArg(2)};
  llvm::IRBuilder<> builder(llvm::BasicBlock::Create(context, "", entry));
  if (kind == Entry::Direct || (versions.size() == 1 && versions.front().features == 0)) {
    llvm::FunctionCallee launch = module.getOrInsertFunction(
        "attn_launch", llvm::FunctionType::get(status, {pointer, pointer, pointer, pointer}, false));
    builder.CreateRet(
        builder.CreateCall(launch, {rows.front()->getAggregateElement(2), arguments[0], arguments[1], arguments[2]}));
    return llvm::Error::success();
  }
  auto *type = llvm::ArrayType::get(rows.front()->getType(), rows.size());
  llvm::Constant *table = constantGlobal(module, llvm::ConstantArray::get(type, rows), symbol + ".versions");
  llvm::FunctionCallee launch = module.getOrInsertFunction(
      "attn_launch_version", llvm::FunctionType::get(status, {pointer, status, pointer, pointer, pointer}, false));
  builder.CreateRet(builder.CreateCall(launch, {table, llvm::ConstantInt::get(status, rows.size()), arguments[0],
                                                arguments[1], arguments[2]}));
  // Before the CPU is known, nothing but what every one has.
  entry->addFnAttr("target-cpu", "x86-64");
  entry->addFnAttr(llvm::Attribute::NoUnwind);
  return llvm::Error::success();
}
