/* The compiler as a library: open a spec, list its kernels, compile one for this machine or load an object that attnc wrote,
   run it on DLPack tensors, read diagnostics as data. C99; attn/attn.hpp is a C++20 layer over it. Link with -lattn.

   Who only calls a kernel that was compiled before needs none of this: link the object and include its own header.

   Threads. Every function may be called from any thread at any time, with these exceptions: what is being destroyed may
   not be in use. A compiler serves several threads at once; the same kernel may run in several threads at once.

   Ownership. Functions that make something store a handle through a pointer, which is set to null where they fail. Each
   handle is destroyed by its own function, which ignores null, in any order: a kernel keeps alive what it needs of the spec,
   the compiler or the object it came from. Strings and structs that are returned belong to the handle that was asked and
   live as long as it does. Text is UTF-8.

   Failing. Functions that can fail return a status, ATTN_OK or what is wrong. Why is in the report, if one was asked for: a
   list of diagnostics, also of warnings where the status is ATTN_OK. A report may be null in every call, and is to be
   destroyed by who asked. Running a kernel makes no report: it allocates nothing but what it gets from the caller's
   allocator, and fills an attn_error. */
#ifndef ATTN_ATTN_H
#define ATTN_ATTN_H

#include "attn/dlpack.h"
#include "attn/executor.h"
#include "attn/kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What these functions return beside the statuses of a run (attn/kernel.h). */
enum {
  ATTN_INVALID_SPEC = 16, /* the spec has mistakes, or says something this version does not compile; see the report */
  ATTN_UNAVAILABLE = 17,  /* a file that cannot be read or is none of ours, a kernel or an extent there is not */
  ATTN_INTERNAL = 18      /* a bug of the compiler */
};

/* `0.1.0`. */
const char *attn_version(void);

/* ---- Diagnostics ---- */

typedef struct attn_report attn_report;

/* A range of source: lines and columns count from 1, columns in code points; the end is exclusive. Line 0: nowhere. */
typedef struct attn_place {
  const char *file; /* null: nowhere */
  int32_t line, column, end_line, end_column;
} attn_place;

/* A further place to look at, or a remark. */
typedef struct attn_note {
  attn_place place;
  const char *text;
} attn_note;

/* Text that would mend the mistake if it stood in the place. */
typedef struct attn_suggestion {
  attn_place place;
  const char *replacement;
  const char *text; /* why; may be empty */
} attn_suggestion;

typedef enum attn_severity { ATTN_ERROR = 0, ATTN_WARNING = 1 } attn_severity;

typedef struct attn_diagnostic {
  int32_t severity;    /* an attn_severity */
  const char *kind;    /* `unknown-function`, as `attnc --explain` knows it; empty where it is not about a spec */
  const char *message; /* one line */
  const char *rendered; /* with source line, carets and all that follows, as attnc prints it; several lines */
  attn_place place;
  size_t note_count, suggestion_count;
  const attn_note *notes;
  const attn_suggestion *suggestions;
} attn_diagnostic;

size_t attn_report_count(const attn_report *report); /* 0 for null */
/* Null past the end. */
const attn_diagnostic *attn_report_get(const attn_report *report, size_t index);
void attn_report_destroy(attn_report *report);

/* ---- Kernels' signatures ---- */

typedef enum attn_kind { ATTN_KIND_DEFAULT = 0, ATTN_KIND_INT, ATTN_KIND_FLOAT, ATTN_KIND_BOOL } attn_kind;

typedef struct attn_tensor_signature {
  const char *name;
  const char *element; /* `bf16`, as the spec writes it */
  DLDataType type;     /* the same for DLPack; a bool is kDLBool, and u8 is taken for it */
  int32_t is_output;
  int32_t rank;
  const char *const *dimensions; /* as the spec writes them, in memory order: `B`, `H * D` */
} attn_tensor_signature;

typedef struct attn_scalar_signature {
  const char *name;
  int32_t kind;        /* ATTN_KIND_INT, ATTN_KIND_FLOAT or ATTN_KIND_BOOL */
  int32_t has_default; /* 0: every run must give it */
  const char *default_text; /* as the spec writes it: `4096`, `1 / sqrt(D)`; empty without one */
} attn_scalar_signature;

typedef struct attn_signature {
  const char *name;
  size_t tensor_count, scalar_count;
  const attn_tensor_signature *tensors; /* inputs, then outputs: the order in which a run takes them */
  const attn_scalar_signature *scalars;
} attn_signature;

/* The place of a name among the tensors or scalars; -1 if there is none. */
int32_t attn_signature_tensor(const attn_signature *signature, const char *name);
int32_t attn_signature_scalar(const attn_signature *signature, const char *name);

/* ---- Specs ---- */

/* A spec without mistakes: its text, and what it means. Immutable. */
typedef struct attn_spec attn_spec;

/* Reads a file and those it imports. */
int32_t attn_spec_open(const char *path, attn_spec **spec, attn_report **report);
/* Takes text, which is copied, under a name for messages. Imports are relative to the working directory. */
int32_t attn_spec_parse(const char *name, const char *text, size_t bytes, attn_spec **spec, attn_report **report);
size_t attn_spec_count(const attn_spec *spec);
/* Null past the end. */
const attn_signature *attn_spec_get(const attn_spec *spec, size_t index);
void attn_spec_destroy(attn_spec *spec);

/* ---- Kernels ---- */

/* Compiles for this machine, and remembers: of the same attention for the same extents the code is made once, while it is among the 128
   asked for last. Between processes it is kept in the folder ATTN_CACHE_DIR, ~/.cache/attn where that isn't set, and nowhere
   where it is empty; what is there is used only if it is whole and of this very compiler. */
typedef struct attn_compiler attn_compiler;
/* Code in this process. */
typedef struct attn_kernel attn_kernel;

int32_t attn_compiler_create(attn_compiler **compiler);
/* Forgets what it compiled; kernels that are in use stay. */
void attn_compiler_destroy(attn_compiler *compiler);

typedef struct attn_extent {
  const char *name;
  int64_t size;
} attn_extent;

typedef struct attn_compile_options {
  const attn_extent *extents; /* that code is made for, D above all; a run then takes no others */
  size_t extent_count;
  int32_t optimise_harder; /* not 0: compile longer */
} attn_compile_options;

/* Compiles an attention of a spec. `name` may be null if it has only one; options may be null. */
int32_t attn_compile(attn_compiler *compiler, const attn_spec *spec, const char *name,
                     const attn_compile_options *options, attn_kernel **kernel, attn_report **report);

/* What `attnc --emit=obj` or `--emit=so` wrote. Its code runs in this process: load what you trust. */
typedef struct attn_object attn_object;

int32_t attn_object_open(const char *path, attn_object **object, attn_report **report);
size_t attn_object_count(const attn_object *object);
/* Null past the end. */
const attn_signature *attn_object_get(const attn_object *object, size_t index);
/* A kernel of an object. `name` may be null if it has only one. */
int32_t attn_object_kernel(const attn_object *object, const char *name, attn_kernel **kernel, attn_report **report);
void attn_object_destroy(attn_object *object);

const attn_signature *attn_kernel_signature(const attn_kernel *kernel); /* null for null */
void attn_kernel_destroy(attn_kernel *kernel);

/* ---- Running ---- */

/* A scalar argument. An int may be given for a float; else the kind is that of the signature. */
typedef struct attn_scalar {
  int32_t kind;    /* an attn_kind; ATTN_KIND_DEFAULT: what the spec says */
  int64_t integer; /* of an int, and 0 or 1 of a bool */
  double real;     /* of a float */
} attn_scalar;

static inline attn_scalar attn_default(void) {
  attn_scalar scalar = {ATTN_KIND_DEFAULT, 0, 0};
  return scalar;
}
static inline attn_scalar attn_int(int64_t value) {
  attn_scalar scalar = {ATTN_KIND_INT, 0, 0};
  scalar.integer = value;
  return scalar;
}
static inline attn_scalar attn_float(double value) {
  attn_scalar scalar = {ATTN_KIND_FLOAT, 0, 0};
  scalar.real = value;
  return scalar;
}
static inline attn_scalar attn_bool(int value) {
  attn_scalar scalar = {ATTN_KIND_BOOL, 0, 0};
  scalar.integer = value != 0;
  return scalar;
}

/* Runs a kernel: tensors and scalars in the signature's order. No scalars at all (null and 0) means all defaults. The
   context says which threads compute and where memory comes from; null: this thread, malloc. Everything is checked before
   anything is touched. Returns an attn_status with *error filled, which may be null. */
int32_t attn_kernel_run(const attn_kernel *kernel, const DLTensor *const *tensors, size_t tensor_count,
                        const attn_scalar *scalars, size_t scalar_count, const attn_context *context, attn_error *error);

/* Makes one attention of two that saw different keys, from their outputs and log-sum-exps: what one run over the keys of
   both gives, up to rounding. `o1`, `o2` and `o` are [B, H, I, E], [H, I, E] or [I, E], in any strides, each f32, bf16 or f16;
   `lse1`, `lse2` and `lse` are f32 of the same dimensions without E, as `out lse` gives them: -inf where a row saw no key, whose
   o is then not looked at. A row that saw none on either side is 0, with -inf. `lse` may be null. `o` may be the very
   same tensor as `o1` or `o2`, and `lse` as `lse1` or `lse2`; else outputs overlap nothing. A softmax with a sink
   has it in its lse: only one of two such runs may have the sink. Merging more than two is merging again: the order changes only
   rounding. Checks, context and error are those of attn_kernel_run. */
int32_t attn_merge(const DLTensor *o1, const DLTensor *lse1, const DLTensor *o2, const DLTensor *lse2, const DLTensor *o,
                   const DLTensor *lse, const attn_context *context, attn_error *error);

#ifdef __cplusplus
}
#endif

#endif
