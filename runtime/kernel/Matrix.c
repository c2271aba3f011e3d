/* Products on the matrix unit as one translation unit. */
#include "runtime/kernel/Kernel.h"

#if defined(__AMX_BF16__) || defined(__AMXBF16__)
#include <immintrin.h>

#include "runtime/kernel/MatrixTiles.c"

#include "runtime/kernel/MatrixPack.c"

#include "runtime/kernel/MatrixNarrow.c"

#include "runtime/kernel/MatrixFloats.c"
#endif
