#include "test/unit/Catch.h"
#include "test/unit/sema/Checked.h"

#include "compiler/sema/Modules.h"
#include "compiler/syntax/Parser.h"

using namespace attn;
using namespace attn::test;

TEST_CASE("the library parses and every def and layout is documented", "[library]") {
  for (const sema::LibraryFile &text : sema::libraryFiles()) {
    SourceManager sources;
    Diagnostics diagnostics;
    const SourceFile *source = sources.addText(std::string(text.name), std::string(text.text));
    syntax::File file = syntax::parse(*source, diagnostics);
    INFO(render(diagnostics));
    CHECK_FALSE(diagnostics.hasErrors());
    CHECK(text.text.substr(0, 2) == "# ");
  }
}

TEST_CASE("every def of the library can be used", "[library]") {
  for (std::string lines : {
           "mask = causal and causal_from(3) and causal_end and window(5) and near(5) and dilated(9, 3) and chunked(4)",
           "mask = prefix(3) or causal",
           "doc: i32[B, N]\nmask = document(doc)",
           "mask = tiled(causal, 16)",
           "off: i32[T]; seg: i32[N]\nmask = rebased(causal, off, seg) and seg[i] == seg[j]",
           "mask = natten(8, 8, 3)",
           "mask = morton(natten(8, 8, 3), 8)",
           "off: i32[N]; doc: i32[T]; pre: i32[M]\nmask = shared_prefix(off, doc, pre)",
           "mask = block_diffusion(32, 4)",
           "score = dot(q, k) |> softcap(50.0) |> alibi(0.5)",
           "score = where(causal, dot(q, k), 0)",
           "bias: f32[H, N]\nscore = t5(dot(q, k), bias)",
           "score = cosine(q, k)",
           "score = dot(unit(q), unit(k)) - squared_distance(q, k)",
           "w: f32[D]\nq = rms_norm(q, w)",
           "q = rope(q, i)\nk = rope_pairs(k, j)",
           "q = rope_partial(q, i, 16)\nk = rope_partial(k, j, 16, base = 500.0)",
       }) {
    Checked c = mha(lines);
    INFO(lines << "\n" << c.rendered());
    CHECK(c.kinds().empty());
  }
}

TEST_CASE("rule 7.3: every layout of the library can be used", "[library]") {
  for (std::string layout : {"mha", "gqa", "mqa", "mha_bshd", "gqa_bshd", "packed_qkv", "varlen", "paged"})
    for (std::string type : {"", "(bf16)"}) {
      Checked c("attention a { layout " + layout + type + "; mask = causal }");
      INFO(layout << "\n" << c.rendered());
      CHECK(c.kinds().empty());
    }
}
