#pragma once

#include "compiler/library/Compiler.h"
#include "compiler/library/Inputs.h"
#include "compiler/picture/Page.h"

namespace attn::library {

/// A page of a spec: its source, highlighted; sections are still to be added.
picture::Page specPage(const Spec &spec);

/// What a page says of one attention beside its pictures. Where it isn't compiled yet the explanation says so.
picture::PageSection pageSection(const std::shared_ptr<const Spec> &spec, const sema::Attention &attention, const RunData &data,
                                 const CompileRequest &request);

} // namespace attn::library
