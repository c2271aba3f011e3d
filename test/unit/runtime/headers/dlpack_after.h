#include "attn/dlpack.h"
#include "attn/executor.h"

#include <dlpack/dlpack.h>

#include "uses.h"
