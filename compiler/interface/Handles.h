#pragma once

#include "compiler/interface/SignatureList.h"
#include "compiler/library/Compiler.h"
#include "compiler/library/LoadedObject.h"

#include <memory>

/// What the C interface's handles are.
struct attn_spec {
  std::shared_ptr<const attn::library::Spec> spec;
  attn::interface::SignatureList signatures;
};

struct attn_compiler {
  attn::library::Compiler compiler;
};

struct attn_object {
  std::shared_ptr<const attn::library::LoadedObject> object;
  std::string path;
  attn::interface::SignatureList signatures;
};

/// Code of one of two origins.
struct attn_kernel {
  std::shared_ptr<const attn::library::Kernel> compiled;
  std::shared_ptr<const attn::library::LoadedObject> object;
  attn::interface::SignatureList signatures; ///< one
  attn::library::LoadedObject::Entry entry;  ///< of an object's kernel
};
