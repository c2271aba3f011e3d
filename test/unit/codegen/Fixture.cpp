#include "test/unit/codegen/Fixture.h"

#include "compiler/codegen/Object.h"
#include "test/unit/Catch.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"

#include <fmt/format.h>

using namespace attn;
using namespace attn::codegen;

sema::Attention test::scaleAttention(std::string name) {
  sema::Attention attention;
  attention.name = std::move(name);
  for (const char *coordinate : {"b", "h", "g", "i", "j", "d", "e"})
    attention.coordinates.push_back({coordinate, sema::none});
  attention.coordinates[sema::coordinateD].extent = 0;
  sema::Extent extent;
  extent.name = "D";
  attention.extents.push_back(extent);
  sema::Node size;
  size.kind = sema::NodeKind::Extent;
  size.type = sema::ScalarType::Int;
  size.index = 0;
  attention.nodes.push_back(size);
  sema::Dimension dimension;
  dimension.value = 0;
  dimension.extent = 0;
  sema::Tensor q;
  q.name = "q";
  q.dimensions = {dimension};
  attention.tensors.push_back(q);
  sema::Output o;
  o.name = "o";
  o.dimensions = {dimension};
  o.coordinates = {sema::coordinateD};
  attention.outputs.push_back(o);
  sema::Node one, number, quotient;
  one.kind = sema::NodeKind::Float;
  one.type = quotient.type = number.type = sema::ScalarType::Float64;
  one.real = 1;
  number.kind = sema::NodeKind::Convert;
  number.operands = {0};
  quotient.kind = sema::NodeKind::Binary;
  quotient.binary = sema::BinaryOp::Divide;
  quotient.operands = {1, 2};
  attention.nodes.insert(attention.nodes.end(), {one, number, quotient});
  sema::Scalar scale;
  scale.name = "scale";
  scale.kind = sema::ScalarKind::Float;
  scale.defaultValue = 3;
  attention.scalars.push_back(scale);
  return attention;
}

std::string test::scaleModule(const std::string &name) {
  constexpr const char *text = R"(
!view = !llvm.struct<(ptr, ptr, i64, array<1 x i64>, array<1 x i64>)>
llvm.func @attn_fail(!llvm.ptr, i32, i64, i64)
llvm.func @NAME_bind(%run: !llvm.ptr) {
  %one = llvm.mlir.constant(1 : i64) : i64
  %extents.at = llvm.getelementptr %run[32] : (!llvm.ptr) -> !llvm.ptr, i8
  %extents = llvm.load %extents.at : !llvm.ptr -> !llvm.ptr
  %d = llvm.load %extents : !llvm.ptr -> i64
  %scalars.at = llvm.getelementptr %run[40] : (!llvm.ptr) -> !llvm.ptr, i8
  %scalars = llvm.load %scalars.at : !llvm.ptr -> !llvm.ptr
  %given = llvm.load %scalars : !llvm.ptr -> f64
  %unset = arith.constant -1.7976931348623157e308 : f64
  %is.unset = arith.cmpf oeq, %given, %unset : f64
  %unit = arith.constant 1.0 : f64
  %df = arith.sitofp %d : i64 to f64
  %default = arith.divf %unit, %df : f64
  %scale = arith.select %is.unset, %default, %given : f64
  llvm.store %scale, %scalars : f64, !llvm.ptr
  %sizes.at = llvm.getelementptr %run[48] : (!llvm.ptr) -> !llvm.ptr, i8
  %sizes = llvm.load %sizes.at : !llvm.ptr -> !llvm.ptr
  llvm.store %d, %sizes : i64, !llvm.ptr
  %second = llvm.getelementptr %sizes[1] : (!llvm.ptr) -> !llvm.ptr, i64
  llvm.store %d, %second : i64, !llvm.ptr
  %tasks = llvm.getelementptr %run[56] : (!llvm.ptr) -> !llvm.ptr, i8
  llvm.store %one, %tasks : i64, !llvm.ptr
  %workspace = llvm.getelementptr %run[64] : (!llvm.ptr) -> !llvm.ptr, i8
  %none = llvm.mlir.constant(0 : i64) : i64
  llvm.store %none, %workspace : i64, !llvm.ptr
  llvm.return
}
func.func private @times(%values: vector<4xf32>, %scale: f32) -> vector<4xf32> {
  %splat = vector.broadcast %scale : f32 to vector<4xf32>
  %zero = arith.constant dense<0.0> : vector<4xf32>
  %result = vector.fma %values, %splat, %zero : vector<4xf32>
  return %result : vector<4xf32>
}
func.func private @view(%data: !llvm.ptr, %size: i64) -> memref<?xf32> {
  %zero = llvm.mlir.constant(0 : i64) : i64
  %one = llvm.mlir.constant(1 : i64) : i64
  %v0 = llvm.mlir.undef : !view
  %v1 = llvm.insertvalue %data, %v0[0] : !view
  %v2 = llvm.insertvalue %data, %v1[1] : !view
  %v3 = llvm.insertvalue %zero, %v2[2] : !view
  %v4 = llvm.insertvalue %size, %v3[3, 0] : !view
  %v5 = llvm.insertvalue %one, %v4[4, 0] : !view
  %memory = builtin.unrealized_conversion_cast %v5 : !view to memref<?xf32>
  return %memory : memref<?xf32>
}
llvm.func @NAME_body(%run: !llvm.ptr, %begin: i64, %end: i64, %workspace: !llvm.ptr) attributes {
    attn.sites = [{kind = 0 : i32, tensor = 0 : i32, dimension = 0 : i32, place = "scale.attn:1:2", text = "q[d]"}],
    attn.summaries = array<i32>} {
  %data.at = llvm.getelementptr %run[8] : (!llvm.ptr) -> !llvm.ptr, i8
  %data = llvm.load %data.at : !llvm.ptr -> !llvm.ptr
  %q.data = llvm.load %data : !llvm.ptr -> !llvm.ptr
  %o.at = llvm.getelementptr %data[1] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
  %o.data = llvm.load %o.at : !llvm.ptr -> !llvm.ptr
  %extents.at = llvm.getelementptr %run[32] : (!llvm.ptr) -> !llvm.ptr, i8
  %extents = llvm.load %extents.at : !llvm.ptr -> !llvm.ptr
  %d = llvm.load %extents : !llvm.ptr -> i64
  %scalars.at = llvm.getelementptr %run[40] : (!llvm.ptr) -> !llvm.ptr, i8
  %scalars = llvm.load %scalars.at : !llvm.ptr -> !llvm.ptr
  %scale64 = llvm.load %scalars : !llvm.ptr -> f64
  %scale = arith.truncf %scale64 : f64 to f32
  %q = func.call @view(%q.data, %d) : (!llvm.ptr, i64) -> memref<?xf32>
  %o = func.call @view(%o.data, %d) : (!llvm.ptr, i64) -> memref<?xf32>
  %zero = arith.constant 0 : index
  %step = arith.constant 4 : index
  %one = arith.constant 1 : index
  %size = arith.index_cast %d : i64 to index
  %whole = arith.divui %size, %step : index
  %middle = arith.muli %whole, %step : index
  %limit = arith.constant 1000.0 : f32
  %site = llvm.mlir.constant(0 : i32) : i32
  scf.for %i = %zero to %middle step %step {
    %values = vector.load %q[%i] : memref<?xf32>, vector<4xf32>
    %scaled = func.call @times(%values, %scale) : (vector<4xf32>, f32) -> vector<4xf32>
    vector.store %scaled, %o[%i] : memref<?xf32>, vector<4xf32>
  }
  scf.for %i = %middle to %size step %one {
    %value = memref.load %q[%i] : memref<?xf32>
    %high = arith.cmpf ogt, %value, %limit : f32
    scf.if %high {
      %at = arith.index_cast %i : index to i64
      llvm.call @attn_fail(%run, %site, %at, %d) : (!llvm.ptr, i32, i64, i64) -> ()
    }
    %scaled = arith.mulf %value, %scale : f32
    memref.store %scaled, %o[%i] : memref<?xf32>
  }
  llvm.return
}
)";
  std::string module = text;
  for (size_t at; (at = module.find("NAME")) != std::string::npos;)
    module.replace(at, 4, name);
  return module;
}

test::ParsedModule test::parse(const std::string &text) {
  mlir::DialectRegistry registry;
  registerLLVMDialects(registry);
  ParsedModule parsed;
  parsed.context = std::make_unique<mlir::MLIRContext>(registry, mlir::MLIRContext::Threading::DISABLED);
  parsed.module = mlir::parseSourceString<mlir::ModuleOp>(text, parsed.context.get());
  return parsed;
}

NativeModule test::toNative(mlir::ModuleOp module, const sema::Attention &attention, const Target &target) {
  llvm::Expected<KernelSource> source = takeKernelSource(module, attention);
  REQUIRE(bool(source));
  REQUIRE(mlir::succeeded(lowerToLLVM(module)));
  NativeModule native;
  if (llvm::Error error = translate(module, *source, target, native))
    FAIL(llvm::toString(std::move(error)));
  if (llvm::Error error = addEntries(native, Entry::Direct))
    FAIL(llvm::toString(std::move(error)));
  return native;
}

std::string test::compileScale(const std::string &name, Optimisation level, bool withSupport) {
  ParsedModule parsed = parse(scaleModule(name));
  REQUIRE(parsed.module);
  llvm::Expected<Target> target = createTarget({}, level);
  REQUIRE(bool(target));
  sema::Attention attention = scaleAttention(name);
  NativeModule native = toNative(*parsed.module, attention, *target);
  optimise(*native.module, *target, level);
  if (withSupport)
    addSupport(*native.module);
  llvm::Expected<std::string> object = emit(*native.module, *target, NativeForm::Object);
  REQUIRE(bool(object));
  return *object;
}
