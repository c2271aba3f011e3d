#pragma once

#include "compiler/sema/Builtins.h"
#include "compiler/sema/GraphBuilder.h"
#include "compiler/sema/Modules.h"
#include "compiler/sema/Reports.h"

#include <deque>
#include <map>
#include <unordered_map>
#include <unordered_set>

namespace attn::sema {

/// What an expression means: a node, or a declared tensor of which some leading indices are given, so that more may
/// follow. Error: it was reported.
struct Value {
  enum class Kind : uint8_t { Error, Node, Tensor };
  Kind kind = Kind::Error;
  NodeId node = none;
  TensorId tensor = none;
  std::vector<NodeId> indices;

  static Value ofNode(NodeId id) { return id == none ? Value{} : Value{Kind::Node, id, none, {}}; }
  static Value ofTensor(TensorId id) { return {Kind::Tensor, none, id, {}}; }
};

struct LayoutUse;

/// One line of an attention after layouts have been put in place.
struct PlacedLine {
  const syntax::Line *line = nullptr;
  const Module *module = nullptr;
  const LayoutUse *layout = nullptr; ///< null: the attention's own
};

/// A `layout` line being carried out: what its parameters stand for.
struct LayoutUse {
  struct Binding {
    std::string_view name;
    std::optional<ElementType> element{}; ///< of a `type` parameter
    const syntax::Expr *value = nullptr;  ///< of an expression parameter; evaluated where the layout is used
    bool isDefault = false;               ///< `value` is the layout's own default
    std::string_view type{};              ///< `int`, `float`, `bool`, or empty
  };
  const syntax::Layout *definition = nullptr;
  const Module *module = nullptr;
  const LayoutUse *parent = nullptr;
  SourceRange range;
  uint32_t position = 0; ///< the line the layout's lines begin at
  std::vector<Binding> bindings;
};

/// A def being instantiated.
struct Frame {
  struct Name {
    std::string_view name;
    Value value;
    bool isParameter = false;
  };
  const syntax::Definition *definition = nullptr;
  const Module *module = nullptr;
  std::vector<Name> names{}; ///< parameters, then bindings; a later one hides an earlier one
  std::vector<std::pair<std::string_view, ExtentId>> extents{}; ///< renamed ones; all others are the attention's
  std::vector<std::string_view> fixedExtents{};                 ///< bound by this very call
  const Frame *caller = nullptr;
  const LayoutUse *callLayout = nullptr; ///< the layout whose line makes the call
  SourceRange call{};
};

/// Where an expression stands, which decides what its names mean.
struct Context {
  static constexpr uint32_t last = ~0u;

  const Module *module = nullptr;
  const Frame *frame = nullptr;      ///< null: in a line
  const LayoutUse *layout = nullptr; ///< the layout the line comes from
  uint32_t position = last;          ///< names of lines before this one are visible; `last`: the last of each name
  CoordinateSet bound = 0;           ///< bound by enclosing reductions
};

/// Something with a value of its own: a line, by its number, or a default, numbered after the lines.
using EntityId = uint32_t;

/// Checks one attention and builds its graph. One object per attention.
class AttentionChecker {
public:
  /// `recursive` are defs that were reported to call themselves.
  AttentionChecker(const syntax::Attention &syntax, ModuleSet &modules, Reports &reports,
                   const std::unordered_set<const syntax::Definition *> &recursive);

  /// Empty iff something was reported as an error.
  std::optional<Attention> check();

  /// Checks an expression as if it stood behind the last line, and nothing that it doesn't use. The attention returned has it as its only
  /// output, without a name.
  std::optional<Attention> checkExpression(const syntax::Expr &expression);

private:
  enum class State : uint8_t { Untouched, InProgress, Done };

  // Lines.cpp: layouts put in place, declarations, what a name stands for at a line.
  void placeLines(const std::vector<syntax::Line> &lines, const Module &module, const LayoutUse *layout,
                  unsigned depth);
  void useLayout(const syntax::Line &line, const Module &module, const LayoutUse *parent, unsigned depth);
  void declareNames();
  void declareScalar(const PlacedLine &placed, uint32_t position);
  void evaluateScalarDefaults();
  void declareTensor(const PlacedLine &placed, uint32_t position);
  void checkLineName(const PlacedLine &placed);
  std::optional<ElementType> elementType(const syntax::Type &type, const LayoutUse *layout, const Module &module);
  const LayoutUse::Binding *layoutParameter(std::string_view name, const LayoutUse *layout) const;
  EntityId findEntity(std::string_view name, uint32_t position) const;
  bool isDefault(EntityId entity) const { return entity >= lines.size(); }
  std::string_view entityName(EntityId entity) const;
  SourceRange entityRange(EntityId entity) const;
  const syntax::Expr *entityExpression(EntityId entity) const;
  Context contextOf(EntityId entity) const;
  Value evaluateEntity(EntityId entity, SourceRange use, const Context &context);
  NodeId evaluateLast(std::string_view name, const Context &context, SourceRange use);
  std::vector<EntityId> mentions(EntityId entity) const;
  void addMentions(const syntax::Expr &expression, const Context &context, std::vector<EntityId> &result) const;
  bool reads(EntityId entity, EntityId target) const;

  // Names.cpp
  Value resolveName(const syntax::Identifier &name, const Context &context);
  /// The coordinate a letter means here; none if it has no extent here.
  std::optional<CoordinateId> findCoordinate(std::string_view name, const Context &context);
  std::optional<CoordinateId> requireCoordinate(const syntax::Identifier &name, const Context &context);
  ExtentId findExtent(std::string_view name, const Context &context) const;
  std::optional<CoordinateId> coordinateOf(ExtentId extent, const Context &context);
  CoordinateId addCoordinate(std::string name, ExtentId extent);
  /// In a default's expression: one name it lacks was reported already.
  bool defaultFailed(const Context &context);
  void reportUnknownName(const syntax::Identifier &name, const Context &context);
  std::vector<std::string> visibleNames(const Context &context);
  std::string describe(CoordinateSet set) const;

  // Extents.cpp
  void collectExtents();
  void collectExtents(const syntax::Expr &expression);
  ExtentId addExtent(std::string_view name, SourceRange range);
  bool evaluateExtent(ExtentId extent, SourceRange use, const Context &context);
  NodeId extentNode(ExtentId extent, SourceRange range, const Context &context);
  NodeId dimensionSize(const syntax::Expr &expression, const Context &context, std::string_view tensor);
  void finishDimensions();
  void bindExtents();
  void checkExtents();
  std::string_view lineExtentName(const PlacedLine &placed) const;

  // Expressions.cpp
  Value evaluate(const syntax::Expr &expression, const Context &context);
  NodeId evaluateNode(const syntax::Expr &expression, const Context &context);
  NodeId evaluateOperators(const syntax::Expr &expression, const Context &context);
  NodeId evaluateComparison(const syntax::Expr &expression, const Context &context);
  NodeId evaluateConditional(const syntax::Expr &expression, const Context &context);
  NodeId evaluateUnary(const syntax::Expr &expression, const Context &context);
  NodeId combine(const syntax::Expr &expression, NodeId left, NodeId right, const Context &context);
  NodeId requireBool(NodeId node, const syntax::Expr &at, std::string_view what, const Context &context);
  NodeId requireNumber(NodeId node, const syntax::Expr &at, std::string_view what, const Context &context);
  NodeId requireInt(NodeId node, const syntax::Expr &at, std::string_view what, const Context &context);
  NodeId toFloat(NodeId node);
  NodeId toFloat32(NodeId node);
  void unify(NodeId &x, NodeId &y);

  // Reads.cpp
  Value evaluateIndex(const syntax::Expr &expression, const Context &context);
  using Rebasing = std::vector<std::pair<CoordinateId, NodeId>>;
  NodeId materialize(const Value &value, const syntax::Expr &at, const Context &context);
  NodeId readTensor(const Value &value, const Rebasing &rebasing, const std::vector<SourceRange> &ranges,
                    SourceRange at, const Context &context);
  NodeId rebaseNode(NodeId node, const Rebasing &rebasing, const std::vector<SourceRange> &ranges,
                    const syntax::Expr &at, const Context &context);
  std::string tensorText(TensorId tensor) const;

  // Calls.cpp
  Value evaluateCall(const syntax::Expr &expression, const Context &context);
  NodeId callBuiltin(const Builtin &builtin, const syntax::Expr &expression,
                     const std::vector<syntax::Argument> &arguments, const Context &context);
  NodeId callUnary(const Builtin &builtin, const syntax::Expr &at, NodeId x, const Context &context);
  Value callDefinition(const syntax::Definition &definition, const Module &module, const syntax::Expr &at,
                       const std::vector<syntax::Argument> &arguments, const Context &context);
  bool bindParameter(Frame &frame, const syntax::Parameter &parameter, const syntax::Expr &argument,
                     const Context &argumentContext, const Context &callContext);
  bool bindTensorParameter(Frame &frame, const syntax::Parameter &parameter, const syntax::Expr &argument,
                           const Context &argumentContext);
  bool bindExtentArgument(Frame &frame, const syntax::Argument &argument, const Context &context);
  ExtentId anonymousExtent(TensorId tensor, size_t dimension, int64_t offset, std::string_view letter,
                           const Context &context);
  std::string instanceKey(const Frame &frame, CoordinateSet bound) const;
  Value instantiate(Frame &frame, CoordinateSet bound);

  // RowFunctions.cpp
  NodeId evaluateReduction(const syntax::Expr &expression, const Context &context);
  NodeId evaluateDot(const syntax::Expr &at, NodeId x, NodeId y, const Context &context);
  NodeId evaluateRow(const Builtin &builtin, const syntax::Expr &at, std::vector<NodeId> operands,
                     const Context &context);
  CoordinateSet visibility(SourceRange use, const Context &context, std::string_view what);
  /// Whether a key with a score of -inf is invisible: the weight is used and reads the score.
  bool scoreDecides();

  // Defaults.cpp
  NodeId evaluateLse(SourceRange use, const Context &context);
  void evaluateSpecials();
  void checkMask();
  void checkScore();
  std::vector<bool> reachable(const std::vector<NodeId> &roots) const;
  NodeId findRowFunction(NodeId root) const;

  // Outputs.cpp
  void checkOutputs();
  void checkOutput(const syntax::OutputItem &item, const PlacedLine &placed);
  bool placeByCoordinates(Output &output, const syntax::OutputItem &item, const PlacedLine &placed);
  bool inferPlace(Output &output, SourceRange at, const Context &context);
  bool checkStore(Output &output, uint32_t position, const syntax::Type &type, const Context &typeContext);
  /// Says where a coordinate of `set` entered `value`.
  /// Whether a coordinate of the set stands in the text, as a word.
  bool isNamedIn(SourceRange range, CoordinateSet set) const;
  void noteOrigin(Diagnostic &diagnostic, NodeId value, CoordinateSet set) const;
  bool convertOutput(Output &output, bool typed, const Context &context);
  NodeId maskedOutput(std::string_view name, NodeId value);
  void placeEverywhere(Output &output);
  void dropSingularCoordinates(Output &output, CoordinateSet missing);
  bool isSingular(CoordinateId coordinate) const;

  // UnusedLines.cpp
  /// Lines and defaults that an output needs, by name.
  const std::unordered_set<EntityId> &usedEntities();
  void checkUnused();
  /// Counts what an expression mentions as used, too, before anybody asks.
  void useExpression(const syntax::Expr &expression);
  bool mentionsExtent(const syntax::Expr &expression, std::string_view name) const;

  // AttentionChecker.cpp
  /// Puts lines in place and finds what they declare; false where a layout's lines are missing.
  bool begin();
  /// Reports at `range`; if that lies in the library, at the call in the person's own text, with a note. Says a thing
  /// once.
  template <typename... Args>
  Diagnostic &report(DiagnosticKind kind, SourceRange range, const Context &context, const Args &...args) {
    Place place = locate(range, context);
    if (kindSeverity(kind) == Severity::Error)
      ++errorCount;
    Diagnostic &diagnostic = reports.report(kind, place.range, args...);
    diagnostic.notes = std::move(place.notes);
    return diagnostic;
  }
  struct Place {
    SourceRange range;
    std::vector<Note> notes;
  };
  Place locate(SourceRange range, const Context &context) const;
  /// The text of `range`, shortened to fit in a message.
  std::string quoted(SourceRange range) const;
  bool budgetSpent(SourceRange at, const Context &context);

  const syntax::Attention &syntax;
  ModuleSet &modules;
  Reports &reports;
  const std::unordered_set<const syntax::Definition *> &recursive;
  Attention attention;
  GraphBuilder graph;

  std::vector<PlacedLine> lines;
  std::deque<LayoutUse> layoutUses;
  std::unordered_map<std::string_view, std::vector<EntityId>> versions; ///< lines that give a name a meaning, in order
  struct EntityResult {
    State state = State::Untouched;
    Value value;
  };
  std::vector<EntityResult> entities;
  std::vector<EntityId> evaluating; ///< the stack of entities in progress
  NodeId lseNode = none;
  State lseState = State::Untouched;

  struct ExtentInfo {
    uint32_t line = none; ///< the assignment or scalar that defines it
    State state = State::Untouched;
    bool failed = false;
    bool named = false; ///< named by a type of the attention, or defined by a line
  };
  std::vector<ExtentInfo> extentInfos;
  std::unordered_map<std::string_view, ExtentId> extentsByName;
  std::vector<CoordinateId> extentCoordinates; ///< by ExtentId
  static constexpr CoordinateId noCoordinate = 255;

  struct TensorInfo {
    uint32_t line = none;
    std::vector<ExtentId> plain{}; ///< per dimension: the extent it just names, or none
  };
  std::vector<TensorInfo> tensorInfos;
  std::vector<uint32_t> scalarLines;

  std::unordered_map<std::string_view, uint32_t> stores; ///< line of the store of an output
  syntax::OutputItem implicitOutput;                     ///< `out o`, where there is no `out` line
  PlacedLine implicitPlace;

  std::map<std::tuple<TensorId, size_t, int64_t>, ExtentId> anonymousExtents;
  std::vector<std::pair<SourceRange, std::string>> visibilityUses; ///< row functions that wait for the mask or score
  std::optional<bool> scoreDecidesKnown;
  std::optional<std::unordered_set<EntityId>> used;

  std::unordered_map<std::string, Value> instances;
  unsigned depth = 0;

  unsigned errorCount = 0;
  bool budgetReported = false;
  bool layoutFailed = false;
  std::unordered_set<std::string> lacksExtent; ///< coordinates that were reported to have none
  std::unordered_set<EntityId> failedDefaults; ///< defaults that were reported to lack a name
};

inline bool isCapital(std::string_view name) { return !name.empty() && name[0] >= 'A' && name[0] <= 'Z'; }
inline bool isLetter(std::string_view name) { return name.size() == 1 && name[0] >= 'a' && name[0] <= 'z'; }
/// A type as a person writes it: both floats are `float`.
std::string_view typeText(ScalarType type);
bool isRunCoordinate(CoordinateId coordinate);
inline constexpr CoordinateSet runCoordinates =
    setOf(coordinateB) | setOf(coordinateH) | setOf(coordinateG) | setOf(coordinateI) | setOf(coordinateJ);
/// Letters that are coordinates everywhere: b h g i j d e.
bool isReservedCoordinate(std::string_view name);

} // namespace attn::sema
