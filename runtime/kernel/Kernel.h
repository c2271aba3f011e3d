/* The contract between generated code and the launcher. A compiled kernel is an `attn_kernel_info`: constant tables
   that describe its signature, and two generated functions. The launcher (Launch.c) checks the caller's tensors against
   the tables, binds the extents, and calls the functions. The JIT finds the launcher in the process; an object file
   carries a private copy, compiled from the same sources. Freestanding C11 but for a few functions of libc, which
   Support.h declares. */
#ifndef ATTN_RUNTIME_KERNEL_KERNEL_H
#define ATTN_RUNTIME_KERNEL_KERNEL_H

#include "attn/kernel.h"

/* Linkage of the functions below. Support.c, the one translation unit of the launcher, may be compiled with it set to
   `__attribute__((visibility("hidden")))`, say, for a private copy. */
#ifndef ATTN_SUPPORT_API
#define ATTN_SUPPORT_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

enum { ATTN_MAX_RANK = 8 };

/* Element types, in the order of sema's ElementType. */
typedef enum attn_element {
  ATTN_F16,
  ATTN_BF16,
  ATTN_F32,
  ATTN_I8,
  ATTN_U8,
  ATTN_I32,
  ATTN_I64,
  ATTN_BOOL
} attn_element;

/* One dimension. Its size must equal run->sizes[first_size + n] as `bind` computes it. If `extent` >= 0 this dimension
   may bind that extent: (size - offset) / scale, before `bind` is called. */
typedef struct attn_dimension_info {
  int32_t extent;
  int32_t broadcastable; /* size 1 is accepted and read with stride 0 */
  int64_t scale, offset;
  const char *text; /* as the spec writes it: `D`, `B + 1` */
} attn_dimension_info;

typedef struct attn_tensor_info {
  const char *name;
  const char *place; /* `spec.attn:3:5` */
  int32_t element;   /* attn_element */
  int32_t rank;
  int32_t is_output;
  int32_t first_size; /* index into run->sizes of its first dimension */
  const attn_dimension_info *dimensions;
} attn_tensor_info;

typedef enum attn_extent_kind {
  ATTN_EXTENT_DIMENSION, /* bound by tensor dimensions */
  ATTN_EXTENT_SCALAR,    /* given by scalar `scalar` */
  ATTN_EXTENT_COMPUTED   /* filled by `bind` */
} attn_extent_kind;

typedef struct attn_extent_info {
  const char *name;
  const char *place;
  int32_t kind;
  int32_t scalar;
  int64_t fixed; /* the value the code was compiled for, or -1 */
} attn_extent_info;

typedef enum attn_scalar_kind { ATTN_SCALAR_INT, ATTN_SCALAR_FLOAT, ATTN_SCALAR_BOOL } attn_scalar_kind;

typedef struct attn_scalar_info {
  const char *name;
  int32_t kind;
  int32_t has_default; /* 1: where the caller leaves the marker below, `bind` stores the default in run->scalars. 0:
                          that is an error */
} attn_scalar_info;

/* What `NAME_defaults()` puts into a scalar whose default is not a constant (`scale = 1 / sqrt(D)`), or that has none
   and must be set: values no kernel has a use for. Generated headers define the same. A bool's marker is ATTN_UNSET_INT
   too. */
#define ATTN_UNSET_INT INT64_MIN
#define ATTN_UNSET_FLOAT (-1.7976931348623157e308)

/* What can be wrong with data, and what the two numbers of `attn_fail` then are. */
typedef enum attn_site_kind {
  ATTN_SITE_INDEX,     /* of a load or store, in `dimension` of `tensor`: the index, the dimension's size */
  ATTN_SITE_DIVISOR,   /* of integers, 0 */
  ATTN_SITE_EXTENT,    /* computed for each b: its value, b */
  ATTN_SITE_DIMENSION, /* `dimension` of `tensor`, from which no extent `text` can be computed: the size, ignored */
  ATTN_SITE_COLLISION  /* of stores in `dimension` of `tensor`: two values of b */
} attn_site_kind;

/* A place where data can be wrong. */
typedef struct attn_site_info {
  int32_t kind; /* attn_site_kind */
  int32_t tensor;
  int32_t dimension;
  const char *place; /* `spec.attn:3:5` */
  const char *text;  /* the source of the load, store or division, or the name of the extent */
} attn_site_info;

/* One run's state: everything generated code reads. Arrays follow the info's tables. */
typedef struct attn_run {
  const struct attn_kernel_info *info;
  void **data;             /* per tensor: address of element 0 (byte_offset applied) */
  int64_t *strides;        /* ATTN_MAX_RANK per tensor, in elements; 0 in a broadcast dimension */
  int64_t *shape;          /* ATTN_MAX_RANK per tensor: the actual sizes */
  int64_t *extents;        /* per extent */
  int64_t *scalars;        /* per scalar: int64_t, the bits of a double, or 0 / 1 */
  int64_t *sizes;          /* per dimension of all tensors: the size it must have */
  int64_t tasks;           /* how many tasks `body` is divided into; filled by bind */
  int64_t workspace_bytes; /* per concurrent call of `body`, 64-aligned; filled by bind */
  void *summaries;         /* the launcher's: minima and maxima of tables (TableSummary.c) */
  int64_t failed;          /* 0, or 1 once a site failed (set atomically); generated loops may stop early */
  int64_t failed_site, failed_value, failed_limit;
  int64_t *batch_extents;  /* per extent that varies with b and each b: its value; `extents` has the largest. Null when
                              `bind` is called first */
  int64_t parts;           /* where the keys of a row block are cut into more than one: how many; filled by bind. Task t is part t % parts of
                              row block t / parts */
  int64_t part_keys;       /* of all parts but the last; filled by bind */
  int64_t part_bytes;      /* of what a part has come to, 64-aligned; filled by bind */
  void *part_states;       /* part_bytes for each task, shared by all threads */
  int64_t *parts_done;     /* per row block, 0 before the first task; counted atomically */
} attn_run;

/* A tensor the mask reads, whose slices' minima and maxima classification may ask for. */
typedef struct attn_kernel_info {
  const char *name;
  int32_t tensor_count, extent_count, scalar_count, site_count, size_count, summary_count;
  const attn_tensor_info *tensors; /* inputs, then outputs: the order of the pointers in the argument struct */
  const attn_extent_info *extents;
  const attn_scalar_info *scalars;
  const attn_site_info *sites;
  const int32_t *summaries; /* tensor numbers */
  int32_t heads, groups;    /* extents H and G: H % G == 0 is checked; -1 if absent */
  int32_t batch_extent_count; /* how many vary with b */
  int32_t batch;              /* extent B, where one does */
  /* Fills computed extents, then sizes, tasks and workspace_bytes. Called once tensors' own extents are bound, before any
     size is checked: it reads inputs within their own shapes. Where extents vary with b it is called again, to
     fill batch_extents. */
  void (*bind)(attn_run *run);
  /* Computes tasks [begin, end). `workspace` holds workspace_bytes, 64-aligned. */
  void (*body)(attn_run *run, int64_t begin, int64_t end, void *workspace);
} attn_kernel_info;

/* What a workspace begins with once a kernel of visits alone (attn-lower-tiles{only-visits}) has run its tasks: what its
   search for visible keys found, over all row blocks of queries. */
typedef struct attn_visits {
  int64_t hint;
  int64_t pairs;       /* of the queries of a row block and the keys visited for it */
  int64_t blocks;      /* of keys, per row block, with something visible */
  int64_t full_blocks; /* of those, the ones known to have nothing invisible */
} attn_visits;

/* A kernel compiled for one CPU. */
typedef struct attn_kernel_version {
  uint64_t features; /* what the code needs, as bits of `attn_cpu_features` */
  const char *cpu;   /* LLVM's name */
  const attn_kernel_info *info;
} attn_kernel_version;

/* The instruction sets of this machine that CpuFeatures.h lists, its first as bit 0; nothing on a machine that isn't x86-64.
   Looked up once. */
ATTN_SUPPORT_API uint64_t attn_cpu_features(void);

/* Asks the operating system for what a process has to ask for among features of this CPU: the matrix unit, from then on, which makes the state larger that is saved
   with every signal. 1 if all may be used. */
ATTN_SUPPORT_API int32_t attn_may_use(uint64_t features);

/* Runs the first version that this CPU can run; ATTN_UNSUPPORTED_CPU if there is none. Versions lie in the order of
   preference, the least demanding last. */
ATTN_SUPPORT_API int32_t attn_launch_version(const attn_kernel_version *versions, int32_t count, const void *arguments,
                                             const attn_context *context, attn_error *error);

/* Runs a kernel. `arguments` is the generated argument struct: one DLTensor pointer per tensor, then 8 bytes per scalar
   (int64_t, double; bool as int64_t). Checks everything before anything is touched: null, rank, element type, extents
   against each other and fixed ones, H % G, strides (negative refused; outputs may not overlap themselves, each other,
   or inputs), alignment, sizes that overflow, negative extents. */
ATTN_SUPPORT_API int32_t attn_launch(const attn_kernel_info *info, const void *arguments, const attn_context *context,
                                     attn_error *error);

/* For generated code. */

/* Records that a site saw a wrong value (see attn_site_kind). The first one recorded wins. */
ATTN_SUPPORT_API void attn_fail(attn_run *run, int32_t site, int64_t value, int64_t limit);

/* target[d * width + r] = source[r * row_stride + d * column_stride] * scale for r < rows, d < columns; lanes
   rows..width-1 are filled with row rows - 1. `width` is a multiple of 4. */
ATTN_SUPPORT_API void attn_pack_rows_f32(const float *source, int64_t row_stride, int64_t column_stride, int64_t rows,
                                         int64_t columns, float *target, int64_t width, float scale);

/* The same of elements of 16 bits, without a scale. */
ATTN_SUPPORT_API void attn_pack_rows_16(const uint16_t *source, int64_t row_stride, int64_t column_stride, int64_t rows, int64_t columns,
                                        uint16_t *target, int64_t width);

/* target[r * row_stride + d * column_stride] = source[d * width + r] for r < rows, d < columns. */
ATTN_SUPPORT_API void attn_unpack_rows_f32(const float *source, int64_t width, int64_t rows, int64_t columns,
                                           float *target, int64_t row_stride, int64_t column_stride);

/* The same, rounded to 16 bits: to nearest, ties to even. */
ATTN_SUPPORT_API void attn_unpack_rows_bf16(const float *source, int64_t width, int64_t rows, int64_t columns,
                                            uint16_t *target, int64_t row_stride, int64_t column_stride);
ATTN_SUPPORT_API void attn_unpack_rows_f16(const float *source, int64_t width, int64_t rows, int64_t columns,
                                           uint16_t *target, int64_t row_stride, int64_t column_stride);

/* Products on CPUs with a matrix unit (Matrix.c). Between `begin` and `end` a thread's matrix unit is set up for the others. Tiles of floats have rows of `width`
   queries, a multiple of 32, the first `count` of which matter, and start at multiples of 64 bytes, as do the other arrays but the keys and values. */
ATTN_SUPPORT_API void attn_matrix_begin(void);
ATTN_SUPPORT_API void attn_matrix_end(void);

/* Brings queries[d * width + q] into the form that products with keys of `element` (ATTN_BF16, ATTN_F16, ATTN_F32) take: 3 numbers of 16 bits for each, features
   rounded up to a multiple of 32. Returns 1 if some query isn't finite, or neither 0 nor at least 2^-100 large, or, beside ATTN_F32, at least 2^60 large: the
   matrix unit would take some part of a product for another number, and products are not to be used. */
ATTN_SUPPORT_API int32_t attn_matrix_split_queries(const float *queries, int64_t width, int64_t features,
                                                   int32_t element, uint16_t *target);

/* products[k * width + q] = sum over d of keys[k * row_stride + d * column_stride] * queries[d][q] for k < rows, d < features, 0 < rows; rows up to
   a multiple of 32 are written; 0 where q isn't below `count` rounded up to a multiple of 32. `element` is ATTN_BF16 or ATTN_F16. `scratch` has room
   for 4 bytes for each of `features` rounded up to a multiple of 32, by `rows` likewise. Returns 1 if some key isn't finite, or so small that the matrix unit
   would take it for 0: the products are then not to be used. */
ATTN_SUPPORT_API int32_t attn_matrix_contract(const uint16_t *keys, int32_t element, int64_t row_stride, int64_t column_stride, int64_t rows,
                                              int64_t features, const uint16_t *queries, int64_t width, int64_t count,
                                              float *products, uint16_t *scratch);

/* sums[e * width + q] = rescale[q] * sums[e * width + q] + sum over k of values[k * row_stride + e * column_stride] * weights[k * width + q] for those q. Weights are
   taken to 8 significant bits times `weight_parts`, 1 to 3; of f16 at least 2. Sums have rows up to a multiple of 32. `scratch` has room as above, 4 KiB more for every 32 rows, and for
   2 * `weight_parts` bytes for each weight, with rows rounded up to a multiple of 32. Returns as above. */
ATTN_SUPPORT_API int32_t attn_matrix_accumulate(const uint16_t *values, int32_t element, int64_t row_stride, int64_t column_stride, int64_t rows,
                                                int64_t features, const float *weights, int64_t weight_parts, const float *rescale,
                                                int64_t width, int64_t count, float *sums, uint16_t *scratch);

/* Where rows are that are likely to be wanted next is noted in `ahead`, 256 bytes that are 0 at first, and some of their lines are fetched with each product of
   floats. Nothing is read there, so that nothing need be there. */

/* Bring `rows` keys or values of 32 bits into the form that products take: 3 numbers of 16 bits for each, rows and
   features rounded up to multiples of 32. Row k lies at keys + k * row_stride, or at addresses[k] where that isn't
   null. `scratch` has room for 4 bytes for each of `features` rounded up to a multiple of 32, by `rows`. Of keys, one
   that isn't finite makes its products NaN, and changes no others; a value that isn't makes sums of its feature NaN,
   though its weight be 0. Return 1 if some number isn't 0 and smaller than 2^-100, so that parts of it are lost: sums
   of values are then not to be used. Products have an error of up to 2^-64 for each feature, which is nothing in a
   softmax's score, but more where they are multiplied by large numbers. For keys returns 1, too, if one is infinite, or
   so large that it becomes so: its products, NaN, compare with others as they shouldn't. */
ATTN_SUPPORT_API int32_t attn_matrix_split_keys(const float *keys, const float *const *addresses, int64_t row_stride,
                                                int64_t column_stride, int64_t rows, int64_t features, uint16_t *parts,
                                                float *scratch, void *ahead);
ATTN_SUPPORT_API int32_t attn_matrix_split_values(const float *values, const float *const *addresses,
                                                  int64_t row_stride, int64_t column_stride, int64_t rows,
                                                  int64_t features, uint16_t *parts, float *scratch, void *ahead);

/* As attn_matrix_contract, of keys that were split. Products of 32 keys from 32 n on with 32 queries from 32 m on are 0 where bit 2 m + n of `visible` is 0.
   `largest`, unless it is null, gets the largest product of each query. */
ATTN_SUPPORT_API void attn_matrix_contract_floats(const uint16_t *keys, int64_t rows, int64_t features,
                                                  const uint16_t *queries, int64_t width, int64_t count,
                                                  uint64_t visible, float *products, float *largest,
                                                  void *ahead);

/* As attn_matrix_accumulate, of values that were split, with all of the weights but those whose bit in `visible`, as above, is 0. `scratch` has room for 192 bytes for each row, rounded up to a multiple of 32. */
ATTN_SUPPORT_API void attn_matrix_accumulate_floats(const uint16_t *values, int64_t rows, int64_t features,
                                                    const float *weights, const float *rescale, int64_t width,
                                                    int64_t count, uint64_t visible, float *sums, uint16_t *scratch,
                                                    void *ahead);

/* attn_pack_rows_f32 and attn_unpack_rows_f32 for kernels that use the matrix unit. So many rows are expected to follow. */
ATTN_SUPPORT_API void attn_matrix_pack_rows(const float *source, int64_t row_stride, int64_t column_stride, int64_t rows,
                                            int64_t columns, float *target, int64_t width, float scale, void *ahead,
                                            int64_t following);
ATTN_SUPPORT_API void attn_matrix_unpack_rows(const float *source, int64_t width, int64_t rows, int64_t columns,
                                              float *target, int64_t row_stride, int64_t column_stride, void *ahead,
                                              int64_t following);

/* Minimum and maximum of the elements of a tensor inside a box (inclusive bounds, one pair per dimension); of blocks
   that cover the box where its rim alone is too large to be worth reading. Integers and bools into
   the int64_t pair, floats into the double pair. Returns 0 where it can't tell: the box leaves the tensor, holds a NaN,
   or has too much to be worth visiting. Never reads outside the tensor. */
ATTN_SUPPORT_API int32_t attn_table_range_int(const attn_run *run, int32_t tensor, const int64_t *low,
                                              const int64_t *high, int64_t *range);
ATTN_SUPPORT_API int32_t attn_table_range_float(const attn_run *run, int32_t tensor, const int64_t *low,
                                                const int64_t *high, double *range);

/* Whether some element of an integer or bool tensor inside a box lies between two values, inclusive: 1 or 0, or -1 where it
   can't tell, as above. */
ATTN_SUPPORT_API int32_t attn_table_holds_int(const attn_run *run, int32_t tensor, const int64_t *low,
                                              const int64_t *high, int64_t least, int64_t most);

/* Classifies a tile (inclusive bounds) that `classify` says of that it may show and may hide pairs, by its parts: 1
   where some pair may be visible, plus 2 where some may be invisible. Exact unless that takes too long; `classify`
   answers in the same way for any part, and adds 4 where it knows that some are visible and some are not. `credit` is 0
   for the first tile of a row block, and makes tiles cheaper if looking at others before them was in vain. */
typedef int32_t attn_part_classifier(void *closure, int64_t first_query, int64_t last_query, int64_t first_key,
                                     int64_t last_key);
ATTN_SUPPORT_API int32_t attn_classify_parts(attn_part_classifier *classify, void *closure, int64_t *credit,
                                             int64_t first_query, int64_t last_query, int64_t first_key, int64_t last_key);

#ifdef __cplusplus
}
#endif

#endif
