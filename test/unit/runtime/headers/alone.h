#include "attn/dlpack.h"
#include "attn/executor.h"
#include "attn/kernel.h"
#include "uses.h"
