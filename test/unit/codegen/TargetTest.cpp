#include "compiler/codegen/Target.h"

#include "test/unit/Catch.h"
#include "test/unit/codegen/Fixture.h"

using namespace attn;
using namespace attn::codegen;

namespace {

lower::TargetInfo infoOf(const char *cpu) {
  llvm::Expected<Target> target = createTarget({cpu, ""}, Optimisation::Quick);
  if (!target)
    FAIL(llvm::toString(target.takeError()));
  return target->info;
}

std::string refusal(const TargetRequest &request) {
  llvm::Expected<Target> target = createTarget(request, Optimisation::Quick);
  REQUIRE(!target);
  return llvm::toString(target.takeError());
}

std::string assembly(const char *cpu) {
  test::ParsedModule parsed = test::parse(test::scaleModule("scaled"));
  REQUIRE(parsed.module);
  llvm::Expected<Target> target = createTarget({cpu, ""}, Optimisation::Quick);
  REQUIRE(bool(target));
  NativeModule native = test::toNative(*parsed.module, test::scaleAttention("scaled"), *target);
  optimise(*native.module, *target, Optimisation::Quick);
  llvm::Expected<std::string> text = emit(*native.module, *target, NativeForm::Assembly);
  REQUIRE(bool(text));
  return *text;
}

} // namespace

#if defined(__x86_64__)
TEST_CASE("levels of x86-64 are described by what they can do") {
  lower::TargetInfo baseline = infoOf("x86-64"), avx2 = infoOf("x86-64-v3"), avx512 = infoOf("x86-64-v4");
  CHECK(baseline.lanes() == 4);
  CHECK_FALSE(baseline.fma);
  CHECK_FALSE(baseline.hasRound);
  CHECK(baseline.vectorRegisters == 16);
  CHECK(avx2.lanes() == 8);
  CHECK(avx2.fma);
  CHECK(avx2.hasRound);
  CHECK_FALSE(avx2.avx512);
  CHECK(avx512.lanes() == 16);
  CHECK(avx512.avx512);
  CHECK(avx512.vectorRegisters == 32);
}

TEST_CASE("code is generated for the CPU that was asked for") {
  CHECK(assembly("x86-64").find("vfmadd") == std::string::npos);
  CHECK(assembly("x86-64-v3").find("vfmadd") != std::string::npos);
}
#endif

TEST_CASE("64-bit Arm is described by NEON") {
  llvm::Expected<Target> target = createTarget({"", "aarch64-linux-gnu"}, Optimisation::Quick);
  REQUIRE(bool(target));
  CHECK(target->info.cpu == "generic");
  CHECK(target->info.lanes() == 4);
  CHECK(target->info.fma);
  CHECK(target->info.hasRound);
  CHECK(target->info.vectorRegisters == 32);
}

TEST_CASE("the host is the default") {
  llvm::Expected<Target> target = createTarget({}, Optimisation::Quick);
  REQUIRE(bool(target));
  CHECK(whyNotHere(*target).empty());
  CHECK_FALSE(target->info.cpu.empty());
  CHECK(infoOf("native").cpu == target->info.cpu);
}

TEST_CASE("unknown machines are refused with what is near") {
  CHECK(refusal({"znver55", ""}).find("unknown CPU `znver55`; did you mean `znver5`") != std::string::npos);
  CHECK(refusal({"", "pdp11-unix"}).find("unknown target") != std::string::npos);
  CHECK(refusal({"", "riscv64-linux-gnu"}).find("not in this version") != std::string::npos);
  CHECK(refusal({"", "x86_64-linux-gnux32"}).find("not in this version") != std::string::npos);
  CHECK(refusal({"", "aarch64_be-linux-gnu"}).find("not in this version") != std::string::npos);
  CHECK(refusal({"", "arm64-apple-macosx"}).find("only ELF objects are written") != std::string::npos);
  CHECK(refusal({"i686", "x86_64-linux-gnu"}).find("only 64-bit machines are") != std::string::npos);
  CHECK(refusal({"x86-64-v3", "aarch64-linux-gnu"}).find("unknown CPU `x86-64-v3`; `generic`, ") != std::string::npos);
  CHECK(refusal({"native", isHostArchitecture("aarch64-linux-gnu") ? "x86_64-linux-gnu" : "aarch64-linux-gnu"}).find("this machine") !=
        std::string::npos);
}
