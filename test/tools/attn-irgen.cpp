#include "compiler/irgen/IrGen.h"
#include "compiler/sema/Check.h"
#include "compiler/syntax/Parser.h"
#include "dialect/AttnDialect.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"

/// usage: attn-irgen FILE.attn: prints the coordinate level of each attention in a file, for FileCheck tests. Exit status 1 if
/// there is an error, 2 if the result doesn't verify.
int main(int argc, char **argv) {
  if (argc != 2) {
    llvm::errs() << "usage: attn-irgen FILE.attn\n";
    return 1;
  }
  attn::SourceManager sources;
  attn::Diagnostics diagnostics;
  std::string reason;
  const attn::SourceFile *file = sources.open(argv[1], reason);
  if (!file) {
    llvm::errs() << argv[1] << ": " << reason << "\n";
    return 1;
  }
  attn::syntax::File tree = attn::syntax::parse(*file, diagnostics);
  std::optional<attn::sema::Program> program = attn::sema::check(tree, sources, diagnostics);
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  context.loadDialect<attn::ir::AttnDialect>();
  bool valid = true;
  if (program)
    for (const attn::sema::Attention &attention : program->attentions)
      if (mlir::OwningOpRef<mlir::ModuleOp> module = attn::irgen::generate(context, attention, diagnostics)) {
        module->print(llvm::outs());
        llvm::outs() << "\n";
        valid &= mlir::succeeded(mlir::verify(*module));
      }
  llvm::errs() << attn::render(diagnostics);
  return diagnostics.hasErrors() ? 1 : valid ? 0 : 2;
}
