#pragma once

#include "compiler/source/SourceFile.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The checked program: what semantic analysis returns and what the oracle and IR generation read. Every name is
/// resolved, every definition is instantiated into one shared graph of functions of coordinates per attention, every
/// type, coordinate and extent is known. Nothing in it can fail except on data (tensor shapes, loaded indices,
/// divisors).
namespace attn::sema {

/// What a value is computed in. Float32 is what a float tensor or the score has entered; other float arithmetic is
/// Float64 (docs/language.md, rule on precision). The oracle computes both in double.
enum class ScalarType : uint8_t { Bool, Int, Float32, Float64 };

/// What a tensor stores.
enum class ElementType : uint8_t { F16, BF16, F32, I8, U8, I32, I64, Bool };

std::string_view spelling(ScalarType type);
std::string_view spelling(ElementType type);
uint32_t byteSize(ElementType type);

using NodeId = uint32_t;
using CoordinateId = uint8_t;
using ExtentId = uint32_t;
using TensorId = uint32_t;
using ScalarId = uint32_t;
inline constexpr uint32_t none = ~0u;

/// A set of coordinates of one attention (at most 64).
using CoordinateSet = uint64_t;
constexpr CoordinateSet setOf(CoordinateId coordinate) { return CoordinateSet(1) << coordinate; }

/// Coordinates 0 to 6 always exist, in this order; others follow as the attention needs them.
inline constexpr CoordinateId coordinateB = 0, coordinateH = 1, coordinateG = 2, coordinateI = 3, coordinateJ = 4,
                              coordinateD = 5, coordinateE = 6;

struct Coordinate {
  std::string name{};     ///< `i`, `n`; unique in the attention (a def's own coordinate may be `n'`)
  ExtentId extent = none; ///< its extent; none if the attention has no such extent (then nothing varies with it)
};

enum class NodeKind : uint8_t {
  Integer,    ///< `integer`
  Float,      ///< `real`
  Boolean,    ///< `integer` 0 or 1
  Coordinate, ///< the value of `coordinate` (Int). `g` read where h is known is h // (H // G)
  Extent,     ///< the value of extent `index` (Int); varies with b if the extent does
  Scalar,     ///< the value of scalar input `index`
  Load, ///< input tensor `index` at operands (one Int per dimension); a dimension marked broadcastable reads at 0 where
        ///< its size is 1
  Unary,   ///< `unary` of operands[0]
  Binary,  ///< `binary` of operands[0], operands[1]; both already of the node's type, except Pow(x, Int) and shifts
  Compare, ///< `compare` of operands[0], operands[1] (same type); Bool
  And,
  Or,      ///< operands[0], then operands[1] only if it decides; Bool
  Not,     ///< Bool
  Select,  ///< operands[0] (Bool) ? operands[1] : operands[2]; only the chosen one is evaluated
  Convert, ///< operands[0] to the node's type. Float to Int truncates, saturates, NaN is 0
  Rebase,  ///< operands[0] read where each of `coordinates` is the value of operands[1 + n]; these are evaluated
           ///< outside, all at once. Setting h sets g
  Reduce,  ///< `reduction` of operands[0] over `coordinates`; over j it runs over the visible keys
  Dot,     ///< sum of operands[0] * operands[1] over `coordinates`
  // Row functions: functions of a whole row of visible keys. All but SumAfter, TopK, and the normalisers reduce j away.
  Softmax,   ///< of operands[0]; operands[1], if there, is the sink
  LogSumExp, ///< natural log of the denominator of the softmax with the same operands; does not vary with j
  Normalize,
  TopK,
  Sparsemax,
  Entmax15,
  SumAfter, ///< of operands[0]; TopK's n is operands[1]
};

enum class UnaryOp : uint8_t {
  Negate,
  BitNot,
  Exp,
  Exp2,
  Expm1,
  Log,
  Log2,
  Log1p,
  Sqrt,
  Rsqrt,
  Sin,
  Cos,
  Tan,
  Tanh,
  Atan,
  Erf,
  Sigmoid,
  LogSigmoid,
  Softplus,
  Relu,
  Elu,
  Silu,
  Gelu,
  Abs,
  Sign,
  Floor,
  Ceil,
  Round,
};

enum class BinaryOp : uint8_t {
  Add,
  Subtract,
  Multiply,
  Divide, ///< Divide is of floats
  FloorDivide,
  Modulo, ///< of ints (an error on 0) or floats
  Power,  ///< Float ** Float, or Int ** Integer literal >= 0, or Float ** Int
  Minimum,
  Maximum, ///< NaN propagates
  BitAnd,
  BitOr,
  BitXor,
  ShiftLeft,
  ShiftRight, ///< BitAnd, BitOr, BitXor also of Bool
};

enum class CompareOp : uint8_t { Less, LessEqual, Greater, GreaterEqual, Equal, NotEqual };
enum class Reduction : uint8_t { Sum, Maximum, Minimum, Any, All };

std::string_view spelling(UnaryOp op);
std::string_view spelling(BinaryOp op);
std::string_view spelling(CompareOp op);
std::string_view spelling(Reduction op);

/// A function of coordinates. Equal nodes are shared: the graph is hash-consed, operands come before their users.
struct Node {
  NodeKind kind;
  ScalarType type;
  CoordinateSet varies = 0; ///< what the value depends on; `g` is left out where h is in
  UnaryOp unary{};
  BinaryOp binary{};
  CompareOp compare{};
  Reduction reduction{};
  CoordinateId coordinate = 0;
  uint32_t index = none; ///< extent, scalar or tensor
  int64_t integer = 0;
  double real = 0;
  std::vector<CoordinateId> coordinates{}; ///< of Rebase, Reduce, Dot
  std::vector<NodeId> operands{};
  SourceRange range{}; ///< where it was first written
};

/// Whether a node is computed from the visible keys of a row.
bool isRowFunction(const Node &node);

enum class ExtentBinding : uint8_t {
  Dimension, ///< bound by the tensor dimensions that name it
  Input,     ///< a scalar input the caller gives (`H: int`)
  Computed,  ///< `value`: fixed, an expression of other extents and scalars, or loaded (`J = len[b]`)
  One,       ///< unbound B, H, I; H also G's default: see `value`
};

struct Extent {
  std::string name{};
  ExtentBinding binding = ExtentBinding::Dimension;
  NodeId value = none;            ///< Computed; and One where it equals another extent (no tensor has H: H = G)
  ScalarId scalar = none;         ///< Input
  std::optional<int64_t> fixed{}; ///< known to the compiler
  bool perBatch = false;          ///< varies with b
  SourceRange range{};            ///< where it is bound or first named
};

/// One dimension of a tensor's declared type. `value` is its size as an expression of extents (always there). If the
/// size is `scale * X + offset` and X may be bound by it, `extent` is X: X = (size - offset) / scale. Several
/// dimensions may bind one extent; they must agree. All others are checked against `value`.
struct Dimension {
  NodeId value = none;
  ExtentId extent = none;
  int64_t scale = 1;
  int64_t offset = 0;
  /// Where scale or offset is no constant but an expression of extents and scalars known before (`H * D` binds D when H
  /// is a scalar input), the expression; then the constant above means nothing. A scale of 0 is an error of the run.
  NodeId scaleValue = none;
  NodeId offsetValue = none;
  bool broadcastable = false; ///< a B, H or G dimension of an input: size 1 is read at 0
  SourceRange range{};
};

struct Tensor {
  std::string name{};
  ElementType element = ElementType::F32;
  std::vector<Dimension> dimensions{};
  SourceRange range{};
};

enum class ScalarKind : uint8_t { Int, Float, Bool };

struct Scalar {
  std::string name{};
  ScalarKind kind = ScalarKind::Int;
  NodeId defaultValue = none; ///< of extents and other scalars
  ExtentId extent = none;     ///< the extent it gives, if its name is capital
  SourceRange range{};
};

/// An output tensor and the definition stored in it. Where `indices` is empty, dimension n is indexed by
/// `coordinates[n]`; else the element at `indices` is stored for every value of `coordinates` (a store: must be
/// one-to-one).
struct Output {
  std::string name{};
  ElementType element = ElementType::F32;
  std::vector<Dimension> dimensions{};
  std::vector<CoordinateId> coordinates{}; ///< the loop domain
  std::vector<NodeId> indices{};
  /// The index is `table[b] + i`: whether two values fall on one element is checked before the run.
  bool checkOneToOne = false;
  NodeId value = none;
  SourceRange range{};
};

/// A named definition of the attention, for `explain` and messages: the last one of each name wins.
struct Definition {
  std::string name{};
  NodeId value = none;
  SourceRange range{};
};

struct Attention {
  std::string name{};
  std::vector<Coordinate> coordinates;
  std::vector<Extent> extents;
  std::vector<Tensor> tensors; ///< inputs
  std::vector<Scalar> scalars;
  std::vector<Output> outputs;
  std::vector<Definition> definitions;
  std::vector<Node> nodes;
  /// `b h g i j`: extents of the run's coordinates are found through `coordinates`.
  NodeId score = none;  ///< none if nothing uses it
  NodeId mask = none;   ///< always there; Bool
  NodeId weight = none; ///< none if nothing uses it
  NodeId lse = none;    ///< the LogSumExp, if weight has exactly one softmax
  SourceRange range{};

  const Node &node(NodeId id) const { return nodes[id]; }
  ExtentId findExtent(std::string_view wanted) const;
  TensorId findTensor(std::string_view wanted) const;
  ScalarId findScalar(std::string_view wanted) const;
};

struct Program {
  std::vector<Attention> attentions; ///< of the main file only, in source order
};

/// Text of a node as a person would write it, for dumps and messages: `softcap` expanded, coordinates by name.
/// Long texts are cut with `…`.
std::string format(const Attention &attention, NodeId node);

/// Everything the program knows about an attention, one line per extent, input, definition and output.
std::string dump(const Attention &attention);

} // namespace attn::sema
