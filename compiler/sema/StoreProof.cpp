#include "compiler/sema/StoreProof.h"

#include <algorithm>

namespace attn::sema {

namespace {

constexpr size_t maximumTerms = 64;

/// number * product of extents.
struct Monomial {
  int64_t number = 1;
  std::vector<ExtentId> extents{};
};

/// coefficient * (a coordinate, or a value that is no sum of such terms, or 1).
struct Term {
  Monomial coefficient;
  CoordinateId coordinate = 0;
  bool hasCoordinate = false;
  NodeId opaque = none;
};

Monomial product(const Monomial &a, const Monomial &b) {
  Monomial result{a.number * b.number, a.extents};
  result.extents.insert(result.extents.end(), b.extents.begin(), b.extents.end());
  std::sort(result.extents.begin(), result.extents.end());
  return result;
}

class Proof {
public:
  Proof(const Attention &attention, const GraphBuilder &graph) : attention(attention), graph(graph) {}

  StoreProof run(const std::vector<NodeId> &indices, CoordinateSet domain) {
    std::vector<std::vector<Term>> sums;
    for (NodeId index : indices)
      sums.push_back(merged(terms(index, 0)));
    CoordinateSet determined = domain & setOf(coordinateH) ? setOf(coordinateG) : 0;
    for (bool changed = true; changed;) {
      changed = false;
      for (const auto &sum : sums) {
        CoordinateSet found = determines(sum, determined);
        changed |= (found & ~determined) != 0;
        determined |= found;
      }
    }
    CoordinateSet open = domain & ~determined;
    if (!open)
      return StoreProof::OneToOne;
    return std::any_of(sums.begin(), sums.end(),
                       [&](auto &sum) { return isTablePlusCoordinate(sum, determined, open); })
               ? StoreProof::Checkable
               : StoreProof::Unproven;
  }

private:
  std::vector<Term> opaque(NodeId id) { return {{.coefficient = {}, .opaque = id}}; }

  std::vector<Term> terms(NodeId id, unsigned depth) {
    const Node &node = attention.nodes[id];
    if (depth > 100)
      return opaque(id);
    if (auto value = graph.constant(id))
      return {{.coefficient = {*value, {}}}};
    if (node.kind == NodeKind::Coordinate)
      return {{.coefficient = {}, .coordinate = node.coordinate, .hasCoordinate = true}};
    if (node.kind == NodeKind::Extent && !attention.extents[node.index].perBatch)
      return {{.coefficient = {1, {node.index}}}};
    if (node.kind != NodeKind::Binary)
      return opaque(id);
    auto x = terms(node.operands[0], depth + 1), y = terms(node.operands[1], depth + 1);
    if (x.size() * y.size() > maximumTerms)
      return opaque(id);
    if (node.binary == BinaryOp::Add || node.binary == BinaryOp::Subtract) {
      for (Term &term : y) {
        term.coefficient.number *= node.binary == BinaryOp::Subtract ? -1 : 1;
        x.push_back(term);
      }
      return x;
    }
    auto plain = [](const std::vector<Term> &sum) {
      return std::all_of(sum.begin(), sum.end(),
                         [](const Term &term) { return !term.hasCoordinate && term.opaque == none; });
    };
    if (node.binary != BinaryOp::Multiply || (!plain(x) && !plain(y)))
      return opaque(id);
    if (!plain(y))
      std::swap(x, y);
    std::vector<Term> result;
    for (const Term &a : x)
      for (const Term &b : y) {
        Term term = a;
        term.coefficient = product(a.coefficient, b.coefficient);
        result.push_back(term);
      }
    return result;
  }

  static std::vector<Term> merged(std::vector<Term> sum) {
    std::vector<Term> result;
    for (const Term &term : sum) {
      auto same = std::find_if(result.begin(), result.end(), [&](const Term &other) {
        return other.hasCoordinate == term.hasCoordinate && other.coordinate == term.coordinate &&
               other.opaque == term.opaque && other.coefficient.extents == term.coefficient.extents;
      });
      if (same == result.end())
        result.push_back(term);
      else
        same->coefficient.number += term.coefficient.number;
    }
    result.erase(
        std::remove_if(result.begin(), result.end(), [](const Term &term) { return term.coefficient.number == 0; }),
        result.end());
    return result;
  }

  Monomial sizeOf(CoordinateId coordinate) const {
    ExtentId extent = attention.coordinates[coordinate].extent;
    if (auto fixed = attention.extents[extent].fixed)
      return {*fixed, {}};
    return {1, {extent}};
  }

  bool isRagged(CoordinateId coordinate) const {
    return attention.extents[attention.coordinates[coordinate].extent].perBatch;
  }

  /// What a sum tells once `known` is known; empty where it tells nothing.
  CoordinateSet determines(const std::vector<Term> &sum, CoordinateSet known) const {
    std::vector<Term> open;
    for (const Term &term : sum) {
      if (term.opaque != none && (graph.varies(term.opaque) & ~known))
        return 0;
      if (term.hasCoordinate && !(known & setOf(term.coordinate)))
        open.push_back(term);
    }
    if (open.empty())
      return 0;
    if (open.size() == 1)
      return setOf(open[0].coordinate);
    // Mixed radix: each coefficient is at least the one before times that coordinate's extent.
    for (size_t first = 0; first < open.size(); ++first) {
      std::vector<Term> rest = open;
      CoordinateSet found = 0;
      Term current = rest[first];
      rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(first));
      while (true) {
        if (found & setOf(current.coordinate) || current.coefficient.number <= 0)
          break;
        found |= setOf(current.coordinate);
        if (rest.empty())
          return found;
        if (isRagged(current.coordinate))
          break;
        Monomial wanted = product(current.coefficient, sizeOf(current.coordinate));
        auto next = std::find_if(rest.begin(), rest.end(), [&](const Term &term) {
          return term.coefficient.extents == wanted.extents && term.coefficient.number >= wanted.number;
        });
        if (next == rest.end())
          break;
        current = *next;
        rest.erase(next);
      }
    }
    return 0;
  }

  bool isTablePlusCoordinate(const std::vector<Term> &sum, CoordinateSet known, CoordinateSet open) const {
    CoordinateSet covered = 0;
    unsigned tables = 0, coordinates = 0;
    for (const Term &term : sum) {
      CoordinateSet set = term.opaque != none  ? graph.varies(term.opaque)
                          : term.hasCoordinate ? setOf(term.coordinate)
                                               : 0;
      if (!(set & ~known))
        continue;
      covered |= set;
      if (term.coefficient.number != 1 || !term.coefficient.extents.empty())
        return false;
      tables += term.opaque != none && attention.nodes[term.opaque].kind == NodeKind::Load;
      coordinates += term.hasCoordinate;
      if (term.opaque != none && attention.nodes[term.opaque].kind != NodeKind::Load)
        return false;
    }
    return tables == 1 && coordinates == 1 && !(open & ~covered);
  }

  const Attention &attention;
  const GraphBuilder &graph;
};

} // namespace

StoreProof proveStore(const Attention &attention, const GraphBuilder &graph, const std::vector<NodeId> &indices,
                      CoordinateSet domain) {
  return Proof(attention, graph).run(indices, domain);
}

} // namespace attn::sema
