#ifndef ATTN_ATTRS
#define ATTN_ATTRS

include "dialect/AttnDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

class AttnEnum<string name, string summary, list<I32EnumAttrCase> cases> : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::attn::ir";
  let genSpecializedAttr = 0;
}

def UnaryKind : AttnEnum<"UnaryKind", "function of one value", [
  I32EnumAttrCase<"Negate", 0, "negate">, I32EnumAttrCase<"BitNot", 1, "bit_not">,
  I32EnumAttrCase<"Exp", 2, "exp">, I32EnumAttrCase<"Exp2", 3, "exp2">, I32EnumAttrCase<"Expm1", 4, "expm1">,
  I32EnumAttrCase<"Log", 5, "log">, I32EnumAttrCase<"Log2", 6, "log2">, I32EnumAttrCase<"Log1p", 7, "log1p">,
  I32EnumAttrCase<"Sqrt", 8, "sqrt">, I32EnumAttrCase<"Rsqrt", 9, "rsqrt">,
  I32EnumAttrCase<"Sin", 10, "sin">, I32EnumAttrCase<"Cos", 11, "cos">, I32EnumAttrCase<"Tan", 12, "tan">,
  I32EnumAttrCase<"Tanh", 13, "tanh">, I32EnumAttrCase<"Atan", 14, "atan">, I32EnumAttrCase<"Erf", 15, "erf">,
  I32EnumAttrCase<"Sigmoid", 16, "sigmoid">, I32EnumAttrCase<"LogSigmoid", 17, "log_sigmoid">,
  I32EnumAttrCase<"Softplus", 18, "softplus">, I32EnumAttrCase<"Relu", 19, "relu">, I32EnumAttrCase<"Elu", 20, "elu">,
  I32EnumAttrCase<"Silu", 21, "silu">, I32EnumAttrCase<"Gelu", 22, "gelu">, I32EnumAttrCase<"Abs", 23, "abs">,
  I32EnumAttrCase<"Sign", 24, "sign">, I32EnumAttrCase<"Floor", 25, "floor">, I32EnumAttrCase<"Ceil", 26, "ceil">,
  I32EnumAttrCase<"Round", 27, "round">
]>;

def BinaryKind : AttnEnum<"BinaryKind", "function of two values", [
  I32EnumAttrCase<"Add", 0, "add">, I32EnumAttrCase<"Subtract", 1, "subtract">,
  I32EnumAttrCase<"Multiply", 2, "multiply">, I32EnumAttrCase<"Divide", 3, "divide">,
  I32EnumAttrCase<"FloorDivide", 4, "floor_divide">, I32EnumAttrCase<"Modulo", 5, "modulo">,
  I32EnumAttrCase<"Power", 6, "power">, I32EnumAttrCase<"Minimum", 7, "minimum">, I32EnumAttrCase<"Maximum", 8, "maximum">,
  I32EnumAttrCase<"BitAnd", 9, "bit_and">, I32EnumAttrCase<"BitOr", 10, "bit_or">, I32EnumAttrCase<"BitXor", 11, "bit_xor">,
  I32EnumAttrCase<"ShiftLeft", 12, "shift_left">, I32EnumAttrCase<"ShiftRight", 13, "shift_right">
]>;

def CompareKind : AttnEnum<"CompareKind", "comparison", [
  I32EnumAttrCase<"Less", 0, "less">, I32EnumAttrCase<"LessEqual", 1, "less_equal">,
  I32EnumAttrCase<"Greater", 2, "greater">, I32EnumAttrCase<"GreaterEqual", 3, "greater_equal">,
  I32EnumAttrCase<"Equal", 4, "equal">, I32EnumAttrCase<"NotEqual", 5, "not_equal">
]>;

def ReductionKind : AttnEnum<"ReductionKind", "reduction", [
  I32EnumAttrCase<"Sum", 0, "sum">, I32EnumAttrCase<"Maximum", 1, "maximum">, I32EnumAttrCase<"Minimum", 2, "minimum">,
  I32EnumAttrCase<"Any", 3, "any">, I32EnumAttrCase<"All", 4, "all">
]>;

def Normaliser : AttnEnum<"Normaliser", "row normaliser with a small mergeable state", [
  I32EnumAttrCase<"Softmax", 0, "softmax">, I32EnumAttrCase<"Sum", 1, "sum">
]>;

def ThresholdKind : AttnEnum<"ThresholdKind", "row function that is positive above a threshold", [
  I32EnumAttrCase<"Sparsemax", 0, "sparsemax">, I32EnumAttrCase<"Entmax15", 1, "entmax15">
]>;

def Orientation : AttnEnum<"Orientation", "what lies in the lanes of a kernel's products", [
  I32EnumAttrCase<"Queries", 0, "queries">, I32EnumAttrCase<"Features", 1, "features">
]>;

def Products : AttnEnum<"Products", "what forms a kernel's products", [
  I32EnumAttrCase<"Vectors", 0, "vectors">, I32EnumAttrCase<"Matrix", 1, "matrix">
]>;

def RowHeads : AttnEnum<"RowHeads", "the heads whose queries a row block holds", [
  I32EnumAttrCase<"One", 0, "one">, I32EnumAttrCase<"Group", 1, "group">
]>;

def BindKind : AttnEnum<"BindKind", "what a binder computes", [
  I32EnumAttrCase<"Extent", 0, "extent">, I32EnumAttrCase<"Scalar", 1, "scalar">, I32EnumAttrCase<"Size", 2, "size">
]>;

def BindKindAttr : EnumAttr<AttnDialect, BindKind, "bind_kind">;
def UnaryKindAttr : EnumAttr<AttnDialect, UnaryKind, "unary_kind">;
def BinaryKindAttr : EnumAttr<AttnDialect, BinaryKind, "binary_kind">;
def CompareKindAttr : EnumAttr<AttnDialect, CompareKind, "compare_kind">;
def ReductionKindAttr : EnumAttr<AttnDialect, ReductionKind, "reduction_kind">;
def ThresholdKindAttr : EnumAttr<AttnDialect, ThresholdKind, "threshold_kind">;
def NormaliserAttr : EnumAttr<AttnDialect, Normaliser, "normaliser">;

def ScheduleAttr : AttrDef<AttnDialect, "Schedule"> {
  let mnemonic = "schedule";
  let summary = "how a kernel is cut into tiles";
  let description = [{
    `lanes` float lanes of a vector; `vectors` vectors of queries side by side, so that a strip is `lanes * vectors` queries; `key_rows` and
    `feature_rows` are the rows of the two register tiles; `key_block` keys are taken through the softmax at a time; keys
    are skipped in multiples of `key_step`.

    With queries in lanes (`orientation`) products multiply vectors of queries by elements of keys and values: nothing is summed across lanes. With
    features in lanes they multiply vectors of keys and values by elements of a few queries: no lane is idle however few there are, and the sums over
    lanes are what a product of a query and a key costs more.

    A row block holds queries of one head, or of the heads of a group, one head after the other (`heads`): every key and value is then read once for all of
    them. Nothing that keys, values or the mask's classifier read varies with the head in that case, and every output has a row for each query of each head.

    Products are formed by multiply-adds of vectors, or on the CPU's matrix unit (`products`), which takes queries in lanes, 32 at a time, and whole tiles of 32
    features. It multiplies numbers of 16 bits: keys and values of 32 bits are split into several, a block at a time, which is shared by all queries of a row block. That is
    why a row block may have up to `strips` strips of `lanes * vectors` queries, which are taken through a block of keys one after the other.

    A kernel whose runs may have fewer than `tasks` row blocks over all batches and heads cuts the keys of each into parts of at least `part_keys` keys (if
    that isn't 0), as many as bring the number of tasks there, which depends on extents alone. What parts have come to is merged in their order by the
    task that is the last to be done.

    All other numbers are positive. `lanes` is a power of two up to 16 and a row block a multiple of 4 queries, as scratch memory is aligned to 64 bytes; a key block is a
    multiple of the register tile's rows and `key_step` times a power of two, as it is trimmed by halving.
  }];
  let parameters = (ins "int64_t":$lanes, "int64_t":$vectors, "int64_t":$key_rows, "int64_t":$feature_rows,
                        "int64_t":$key_block, "int64_t":$key_step, EnumParameter<Orientation>:$orientation,
                        EnumParameter<RowHeads>:$heads,
                        DefaultValuedParameter<"::attn::ir::Products", "::attn::ir::Products::Vectors">:$products,
                        DefaultValuedParameter<"int64_t", "0">:$part_keys, DefaultValuedParameter<"int64_t", "0">:$tasks,
                        DefaultValuedParameter<"int64_t", "1">:$strips);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Queries that are side by side.
    int64_t queryBlock() const { return getLanes() * getVectors(); }
    bool isInParts() const { return getPartKeys() > 0; }
    /// The same without parts.
    ScheduleAttr inOnePart() const;
    /// How many strips a row block has where there are so many in all: fewer than `most` rather than too few row blocks for several threads.
    static int64_t stripsOf(int64_t all, int64_t most) { return std::clamp<int64_t>(all / leastRowBlocks, 1, most); }
    static constexpr int64_t leastRowBlocks = 32;
  }];
}

#endif
