#ifndef ATTN_TYPES
#define ATTN_TYPES

include "dialect/AttnAttrs.td"
include "mlir/IR/AttrTypeBase.td"

class AttnType<string name, string typeMnemonic> : TypeDef<AttnDialect, name> {
  let mnemonic = typeMnemonic;
}

def FnType : AttnType<"Fn", "fn"> {
  let summary = "a function of coordinates";
  let description = [{
    `!attn.fn<f32, [h, i, j]>`: a value of the element type (`i1`, `i64`, `f32` or `f64`) for every value of the listed
    coordinates. Coordinates are distinct and in the kernel's order (b, h, g, i, j, d, e, then others by name), so that
    equal functions have equal types.
  }];
  let parameters = (ins "::mlir::Type":$elementType, ArrayRefParameter<"::mlir::StringAttr">:$coordinates);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let builders = [
    TypeBuilderWithInferredContext<(ins "::mlir::Type":$elementType, "::mlir::ArrayRef<::mlir::StringAttr>":$coordinates), [{
      return $_get(elementType.getContext(), elementType, coordinates);
    }]>
  ];
  let extraClassDeclaration = [{
    bool variesWith(::llvm::StringRef coordinate) const;
    /// The same coordinates, another element type.
    FnType withElement(::mlir::Type element) const { return get(element, getCoordinates()); }
  }];
}

def TensorHandleType : AttnType<"TensorHandle", "tensor"> {
  let summary = "a tensor of the caller";
  let description = [{
    `!attn.tensor<4 x bf16>`: rank and storage type of a tensor argument. Sizes and strides are known at run time.
  }];
  let parameters = (ins "unsigned":$rank, "::mlir::Type":$elementType);
  let assemblyFormat = "`<` $rank `x` $elementType `>`";
}

def TileType : AttnType<"Tile", "tile"> {
  let summary = "a tile in scratch memory";
  let description = [{
    `!attn.tile<f32, [d, i]>`: a two-dimensional block of float values, its rows over the first coordinate, queries (`i`) across vector lanes;
    `!attn.tile<f32, [i, d]>`, `!attn.tile<f32, [j, d]>`: a row for each query or key, features across lanes.
    Tile values are used linearly: an operation that returns a tile of the same coordinates reuses its operand's memory.
  }];
  let parameters = (ins "::mlir::Type":$elementType, ArrayRefParameter<"::mlir::StringAttr">:$coordinates);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The coordinate its rows run over.
    ::llvm::StringRef getRows() const { return getCoordinates().front().getValue(); }
    /// The coordinate across its lanes.
    ::llvm::StringRef getLanes() const { return getCoordinates().back().getValue(); }
    /// Of a tile of queries, the coordinate that isn't the query.
    ::llvm::StringRef getFeature() const { return getRows() == "i" ? getLanes() : getRows(); }
  }];
}

def StateType : AttnType<"State", "state"> {
  let summary = "the running state of a row normaliser";
  let description = [{
    What a normaliser keeps per row between tiles. For `softmax`: the row's largest score and the sum of exponentials relative to it. For
    `sum`, whose weights are what they are: nothing.
  }];
  let parameters = (ins EnumParameter<Normaliser>:$normaliser);
  let assemblyFormat = "`<` $normaliser `>`";
}

def KeysType : AttnType<"Keys", "keys"> {
  let summary = "a block of consecutive keys of the row block being visited";
}

def TopType : AttnType<"Top", "top"> {
  let summary = "the largest values of each query of a row block so far, with their keys, in scratch memory";
}

def AnyFn : DialectType<AttnDialect, CPred<"::llvm::isa<::attn::ir::FnType>($_self)">, "function of coordinates">;
class FnOf<string element, string what>
    : DialectType<AttnDialect, And<[AnyFn.predicate,
        CPred<"::llvm::cast<::attn::ir::FnType>($_self).getElementType()." # element>]>, what>;
def BoolFn : FnOf<"isInteger(1)", "boolean function of coordinates">;
def IntFn : FnOf<"isInteger(64)", "integer function of coordinates">;

#endif
