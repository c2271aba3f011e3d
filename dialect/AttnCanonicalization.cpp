#include "dialect/AttnDialect.h"

#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace attn::ir {

static Type elementOf(Value value) { return cast<FnType>(value.getType()).getElementType(); }
static bool isConstant(Value value) { return matchPattern(value, m_Constant()); }

static CompareKind swapped(CompareKind kind) {
  switch (kind) {
  case CompareKind::Less:
    return CompareKind::Greater;
  case CompareKind::LessEqual:
    return CompareKind::GreaterEqual;
  case CompareKind::Greater:
    return CompareKind::Less;
  case CompareKind::GreaterEqual:
    return CompareKind::LessEqual;
  default:
    return kind;
  }
}

static CompareKind inverse(CompareKind kind) {
  switch (kind) {
  case CompareKind::Less:
    return CompareKind::GreaterEqual;
  case CompareKind::LessEqual:
    return CompareKind::Greater;
  case CompareKind::Greater:
    return CompareKind::LessEqual;
  case CompareKind::GreaterEqual:
    return CompareKind::Less;
  case CompareKind::Equal:
    return CompareKind::NotEqual;
  case CompareKind::NotEqual:
    return CompareKind::Equal;
  }
  return kind;
}

/// not (x < y) is x >= y of integers; NaN allows it for == and != only.
static LogicalResult invertComparison(NotOp op, PatternRewriter &rewriter) {
  auto compare = op.getOperand().getDefiningOp<CompareOp>();
  if (!compare)
    return failure();
  bool isEquality = compare.getKind() == CompareKind::Equal || compare.getKind() == CompareKind::NotEqual;
  if (!isEquality && !elementOf(compare.getLhs()).isInteger())
    return failure();
  rewriter.replaceOpWithNewOp<CompareOp>(op, op.getType(), inverse(compare.getKind()), compare.getLhs(), compare.getRhs());
  return success();
}

void NotOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) { patterns.add(invertComparison); }

/// Constants stand on the right.
static LogicalResult constantRight(CompareOp op, PatternRewriter &rewriter) {
  if (!isConstant(op.getLhs()) || isConstant(op.getRhs()))
    return failure();
  rewriter.replaceOpWithNewOp<CompareOp>(op, op.getType(), swapped(op.getKind()), op.getRhs(), op.getLhs());
  return success();
}

void CompareOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) { patterns.add(constantRight); }

/// A choice by the opposite of a condition is the opposite choice; between false and true it is the opposite itself.
static LogicalResult choosePositively(SelectOp op, PatternRewriter &rewriter) {
  if (auto negation = op.getCondition().getDefiningOp<NotOp>(); negation && !op.getMostly()) {
    rewriter.replaceOpWithNewOp<SelectOp>(op, op.getType(), negation.getOperand(), op.getIfFalse(), op.getIfTrue());
    return success();
  }
  IntegerAttr ifTrue, ifFalse;
  if (!elementOf(op).isInteger(1) || !matchPattern(op.getIfTrue(), m_Constant(&ifTrue)) ||
      !matchPattern(op.getIfFalse(), m_Constant(&ifFalse)) || !ifTrue.getValue().isZero() || ifFalse.getValue().isZero())
    return failure();
  rewriter.replaceOpWithNewOp<NotOp>(op, op.getType(), op.getCondition());
  return success();
}

void SelectOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) { patterns.add(choosePositively); }

static Value createBinary(PatternRewriter &rewriter, Location location, FnType type, BinaryKind kind, Value left, Value right) {
  return BinaryOp::create(rewriter, location, type, kind, left, right, Value(), false, StringAttr());
}

/// x / c is x * (1 / c) where 1 / c is exact: a power of two.
static LogicalResult divideExactly(BinaryOp op, PatternRewriter &rewriter) {
  FloatAttr divisor;
  if (op.getKind() != BinaryKind::Divide || !matchPattern(op.getRhs(), m_Constant(&divisor)))
    return failure();
  APFloat inverse(divisor.getValue());
  if (!divisor.getValue().getExactInverse(&inverse))
    return failure();
  Value factor = ConstantOp::create(rewriter, op.getLoc(), op.getRhs().getType(), FloatAttr::get(elementOf(op), inverse));
  rewriter.replaceOp(op, createBinary(rewriter, op.getLoc(), cast<FnType>(op.getType()), BinaryKind::Multiply, op.getLhs(), factor));
  return success();
}

/// (x o c) o d is x o (c o d) for integer +, *, min and max.
static LogicalResult gatherConstants(BinaryOp op, PatternRewriter &rewriter) {
  BinaryKind kind = op.getKind();
  if (kind != BinaryKind::Add && kind != BinaryKind::Multiply && kind != BinaryKind::Minimum && kind != BinaryKind::Maximum)
    return failure();
  auto inner = op.getLhs().getDefiningOp<BinaryOp>();
  if (!elementOf(op).isInteger(64) || !inner || inner.getKind() != kind || !isConstant(op.getRhs()) || !isConstant(inner.getRhs()))
    return failure();
  Value constant = createBinary(rewriter, op.getLoc(), cast<FnType>(op.getRhs().getType()), kind, inner.getRhs(), op.getRhs());
  rewriter.replaceOp(op, createBinary(rewriter, op.getLoc(), cast<FnType>(op.getType()), kind, inner.getLhs(), constant));
  return success();
}

/// Constants stand on the right of what commutes.
static LogicalResult constantOperandRight(BinaryOp op, PatternRewriter &rewriter) {
  switch (op.getKind()) {
  case BinaryKind::Add:
  case BinaryKind::Multiply:
  case BinaryKind::Minimum:
  case BinaryKind::Maximum:
  case BinaryKind::BitAnd:
  case BinaryKind::BitOr:
  case BinaryKind::BitXor:
    break;
  default:
    return failure();
  }
  if (!isConstant(op.getLhs()) || isConstant(op.getRhs()))
    return failure();
  rewriter.replaceOp(op, createBinary(rewriter, op.getLoc(), cast<FnType>(op.getType()), op.getKind(), op.getRhs(), op.getLhs()));
  return success();
}

void BinaryOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add(divideExactly);
  patterns.add(gatherConstants);
  patterns.add(constantOperandRight);
}

} // namespace attn::ir
