/* As on a machine without dlpack.h: the own types of the header are used. */
#define ATTN_OWN_DLPACK
#include "attn/dlpack.h"
#include "attn/executor.h"
#ifndef DLPACK_MAJOR_VERSION
#error "the header's own types were to be tested"
#endif
#include "uses.h"
