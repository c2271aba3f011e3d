#ifndef ATTN_DIALECT
#define ATTN_DIALECT

include "mlir/IR/OpBase.td"

def AttnDialect : Dialect {
  let name = "attn";
  let cppNamespace = "::attn::ir";
  let summary = "Attention as functions of coordinates, and as tiles.";
  let description = [{
    Two levels share this dialect. At the *coordinate level* an `attn.kernel` holds an SSA graph of functions of
    coordinates: each value's type carries its element type and the coordinates it varies with. At the *tile level* an
    `attn.tile_kernel` says in which order tiles of queries and keys are visited and what happens to each; the scalar
    graph stays in the regions of `attn.tile_map`, where the types still tell what is uniform, per row, per key or per pair.
  }];
  let useDefaultTypePrinterParser = 1;
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 1;
  let extraClassDeclaration = "void registerTypes();";
}

#endif
