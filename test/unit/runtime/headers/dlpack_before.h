#include <dlpack/dlpack.h>

#include "attn/dlpack.h"
#include "attn/executor.h"
#include "uses.h"
