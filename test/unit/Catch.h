/// Catch2 under one name: Debian 12 ships version 2, later releases version 3. The main function is linked in by
/// `attn_unit_test`.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;
#else
#include <catch2/catch.hpp>
#endif
