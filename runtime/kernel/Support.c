/* The launcher as one translation unit. */
#include "runtime/kernel/Support.h"

#include "runtime/kernel/Message.c"

#include "runtime/kernel/CheckArguments.c"

#include "runtime/kernel/CheckMemory.c"

#include "runtime/kernel/TableSummary.c"

#include "runtime/kernel/TableRange.c"

#include "runtime/kernel/ClassifyParts.c"

#include "runtime/kernel/Launch.c"

#include "runtime/kernel/Pack.c"

#include "runtime/kernel/ChooseVersion.c"
