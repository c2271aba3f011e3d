#define CATCH_CONFIG_MAIN
#include "test/unit/Catch.h"
