#pragma once

#include "compiler/lower/coordinate/Bounds.h"

namespace attn::lower {

/// The product of a row of a query, or of a key, and the row of a table that a pair of query and key reads, `dot(q, a[clamp(j - i, -w, w) + w])`: as much as a
/// product of the query, or key, with all rows that it may read, and a number looked up for each pair.
struct TableProduct {
  bool ofKey = false;
  ir::ReadOp row;
  unsigned dimension; ///< of the table, whose index varies with the query and the key
  mlir::Value index() const { return ir::ReadOp(row).getIndices()[dimension]; }
};

/// Nothing where a dot has another form. Says nothing of how large the table is.
std::optional<TableProduct> tableProduct(ir::DotOp dot);

/// Whether a read is the row of a table in such a product.
bool isRowOfTable(ir::ReadOp read);

/// Which rows of a table are multiplied at once.
enum class TableRows : uint8_t {
  All,      ///< with a row block of queries
  AllIfFew, ///< the same in runs in which there are no more than `mostTableRows`
  Window,   ///< or, of a table with many, those that a row block and a block of keys read
};

/// Nothing where products with rows that nothing may read would cost more than they save: where the index doesn't follow query and key step by step, and the table is
/// larger than `mostTableRows` or than eight times the keys.
std::optional<TableRows> rowsOfTable(const TableProduct &product, ir::KernelOp kernel, const IntegerBounds &bounds);

inline constexpr int64_t mostTableRows = 512;

/// By which `attn-form-online` tells `attn-form-tiles` that a dot is a product with a table: a string, `all` or `window`.
inline constexpr llvm::StringLiteral tableAttributeName = "attn.table";

} // namespace attn::lower
