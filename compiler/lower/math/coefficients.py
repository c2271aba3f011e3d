#!/usr/bin/env python3
"""Derives every polynomial of Coefficients.h by the Remez exchange algorithm and prints that header.

    coefficients.py > Coefficients.h        (needs mpmath; not part of the build)

Leading coefficients that must be exact (the 1 and the r of exp, the f of log) are not part of the fit.
"""
from functools import lru_cache

from mpmath import (atan, atanh, cos, erf, erfc, exp, expm1, fabs, floor, frexp, ldexp, linspace, log, log1p, lu_solve,
                    matrix, mp, mpf, nstr, pi, sin, sqrt, tanh)

mp.prec = 220


def roundTo(x, bits):
    """x rounded to a binary float of `bits` significant bits, to nearest even."""
    if x == 0:
        return mpf(0)
    mantissa, exponent = frexp(x)
    return ldexp(mp.nint(ldexp(mantissa, bits)), exponent - bits)


def remez(f, weight, basis, lo, hi, rounds=12, samples=None):
    """The minimax fit of f by a combination of `basis` functions: max of |weight * (f - fit)| over [lo, hi]."""
    n = len(basis)
    samples = samples or 40 * n
    k = n + 1
    mid, half = (lo + hi) / 2, (hi - lo) / 2
    nodes = [mid - half * cos(pi * (2 * i + mpf('1.01')) / (2 * k)) for i in range(k)]
    grid = [mid - half * cos(pi * (i + mpf(1) / 2) / samples) for i in range(samples)]
    grid = [lo] + grid + [hi]
    fg = [f(x) for x in grid]
    wg = [weight(x) for x in grid]
    bg = [[b(x) for b in basis] for x in grid]
    best = None
    for _ in range(rounds):
        a, r = matrix(k, k), matrix(k, 1)
        for i, x in enumerate(nodes):
            for c, b in enumerate(basis):
                a[i, c] = b(x)
            a[i, n] = (-1) ** i / weight(x)
            r[i] = f(x)
        solution = lu_solve(a, r)
        error = [w * (y - sum(solution[c] * row[c] for c in range(n))) for y, w, row in zip(fg, wg, bg)]
        worst = max(fabs(x) for x in error)
        if best is None or worst < best[0]:
            best = (worst, [solution[c] for c in range(n)])
        if worst < fabs(solution[n]) * mpf("1.002"):
            break
        runs, start = [], 0
        for i in range(1, len(grid) + 1):
            if i == len(grid) or (error[i] > 0) != (error[start] > 0):
                runs.append(max(range(start, i), key=lambda p: fabs(error[p])))
                start = i
        while len(runs) > k:
            drop = min(range(len(runs)), key=lambda p: fabs(error[runs[p]]))
            if drop in (0, len(runs) - 1):
                runs.pop(drop)
            else:
                other = drop + 1 if fabs(error[runs[drop + 1]]) < fabs(error[runs[drop - 1]]) else drop - 1
                for p in sorted((drop, other), reverse=True):
                    runs.pop(p)
        if len(runs) < k:
            break
        nodes = [grid[p] for p in runs]
    return best


def fit(f, weight, powers, lo, hi, bits):
    """Coefficients of x**p for p in powers, each rounded to `bits`, and the error of the rounded polynomial."""
    lo, hi = mpf(lo), mpf(hi)
    f, weight = lru_cache(None)(f), lru_cache(None)(weight)
    _, c = remez(f, weight, [(lambda x, p=p: x ** p) for p in powers], lo, hi, rounds=20)
    c = [roundTo(x, bits) for x in c]
    worst = max(fabs(weight(x) * (f(x) - sum(a * x ** p for a, p in zip(c, powers)))) for x in linspace(lo, hi, 499))
    return worst, c


def limitAt0(f, value):
    """f, with its limit at (and next to) 0 given."""
    return lambda x: value if fabs(x) < mpf(2) ** -90 else f(x)


def series(name, meaning, f, weight, count, lo, hi, bits, first=0):
    error, c = fit(f, weight, range(first, first + count), lo, hi, bits)
    print(f"/// {meaning}: {nstr(error, 3)}")
    print(f"inline constexpr double {name}[] = {{")
    text = ", ".join(repr(float(x)) for x in c)
    line = "   "
    for word in text.split(" "):
        if len(line) + 1 + len(word) > 118:
            print(line)
            line = "   "
        line += " " + word
    print(line + "};\n")


def split(name, meaning, value, bits, parts):
    """value as a sum of floats, the first of them of bits[0] significant bits, and so on."""
    print(f"/// {meaning}")
    values = []
    for b in bits[:parts]:
        values.append(roundTo(value, b))
        value -= values[-1]
    print(f"inline constexpr double {name}[] = {{{', '.join(repr(float(x)) for x in values)}}};\n")


def main():
    one, ln2, small = mpf(1), log(mpf(2)), mpf(10) ** -25
    print("""#pragma once

#include <cstdint>

/// Printed by coefficients.py; see there for the fit. Coefficients stand in ascending order. The number after each
/// meaning is the largest relative error of the function when it is evaluated exactly with these coefficients.
namespace attn::lower::coefficients {
""")
    half = ln2 / 2 * mpf("1.001")
    tail = limitAt0(lambda r: (expm1(r) - r) / r**2, one / 2)
    for bits, count in ((24, 5), (53, 10)):
        series(f"exp{bits}", "(exp(r) - 1 - r) / r^2 on |r| <= ln(2)/2, of exp", tail,
               lambda r: r * r / exp(r), count, -half, half, bits)
    half = mpf("0.501")
    power = limitAt0(lambda x: expm1(x * ln2) / x, ln2)
    relative = lambda x: fabs(x) / exp(x * ln2)
    for bits, count in ((24, 6), (53, 12)):
        series(f"exp2_{bits}", "(2^f - 1) / f on |f| <= 1/2, of 2^f", power, relative, count, -half, half, bits)
    series("exp2Softmax", "(2^f - 1) / f on |f| <= 1/2, of 2^f, for buildSoftmaxExp2", power, relative, 5,
           -half, half, 24)
    series("exp2Power", "(2^f - 1) / f on |f| <= 1/2, of 2^f, for the power function of f32, in f64", power,
           relative, 7, -half, half, 53)

    low, high = 1 / sqrt(mpf(2)) - 1, sqrt(mpf(2)) - 1
    series("log24", "(log(1 + f) - f + f^2/2) / f^3 on 1/sqrt(2) <= 1 + f <= sqrt(2), of log(1 + f)",
           lambda f: (log1p(f) - f + f * f / 2) / f**3 if fabs(f) > small else one / 3,
           lambda f: fabs(f**3 / log1p(f)) if fabs(f) > small else f * f, 9, low, high, 24)
    series("log2Power", "log2(1 + f) / f on the same interval, of log2(1 + f), for the power function of f32, in f64",
           lambda f: log1p(f) / (f * ln2) if fabs(f) > small else 1 / ln2,
           lambda f: fabs(f * ln2 / log1p(f)) if fabs(f) > small else ln2, 15, low, high, 53)
    zMax = (high / (2 + high)) ** 2 * mpf("1.0001")
    series("log53", "(2 atanh(s) - 2s) / s^3 in z = s^2, s = f / (2 + f) on the same interval, of log(1 + f)",
           lambda z: (2 * atanh(sqrt(z)) - 2 * sqrt(z)) / sqrt(z) ** 3 if z > small else mpf(2) / 3, lambda z: z / 2,
           7, 0, zMax, 53)
    series("logDouble", "((atanh(s)/s - 1)/z - 1/3) / z in z = s^2 on the same interval, of log(1 + f), for pow of f64",
           lambda z: ((atanh(sqrt(z)) / sqrt(z) - 1) / z - one / 3) / z if z > small else one / 5, lambda z: z * z,
           8, 0, zMax, 53)

    arc = lambda z: (atan(sqrt(z)) / sqrt(z) - 1) / z if z > small else -one / 3
    for bits, count in ((24, 9), (53, 20)):
        series(f"atan{bits}", "(atan(t)/t - 1) / z in z = t^2 on 0 <= t <= 1, of atan(t)", arc,
               lambda z: z * sqrt(z) / atan(sqrt(z)) if z > small else z, count, 0, 1, bits)
    zMax = (pi / 4 * mpf("1.02")) ** 2
    sine = lambda z: (sin(sqrt(z)) / sqrt(z) - 1) / z if z > small else -one / 6
    cosine = lambda z: (cos(sqrt(z)) - 1 + z / 2) / z**2 if z > small else one / 24
    sineWeight = lambda z: z * sqrt(z) / sin(sqrt(z)) if z > small else z
    cosineWeight = lambda z: z * z / cos(sqrt(z))
    for suffix, bits, count in (("24", 24, 3), ("Tan", 53, 4), ("53", 53, 6)):
        series(f"sin{suffix}", "(sin(r)/r - 1) / z in z = r^2 on |r| <= pi/4, of sin(r)", sine, sineWeight, count,
               0, zMax, bits)
        series(f"cos{suffix}", "(cos(r) - 1 + z/2) / z^2 in z = r^2 on |r| <= pi/4, of cos(r)", cosine,
               cosineWeight, count, 0, zMax, bits)
    quarter = ln2 / 4 * mpf("1.001")
    for bits, count in ((24, 5), (53, 10)):
        series(f"tanh{bits}", "(1 - exp(-2r) - 2r) / r^2 on |r| <= ln(2)/4, of 1 - exp(-2r)",
               limitAt0(lambda r: (-expm1(-2 * r) - 2 * r) / r**2, -2),
               limitAt0(lambda r: r**2 / fabs(expm1(-2 * r)), 0), count, -quarter, quarter, bits)
    for bits, count in ((24, 7), (53, 13)):
        series(f"erf{bits}", "erf(x)/x - 1 in z = x^2 on |x| <= 1, of erf(x)",
               lambda z: erf(sqrt(z)) / sqrt(z) - 1 if z > small else 2 / sqrt(pi) - 1,
               lambda z: sqrt(z) / erf(sqrt(z)) if z > small else sqrt(pi) / 2, count, 0, 1, bits)
    for bits, count, high in ((24, 7, mpf(3)), (53, 20, mpf("4.95"))):
        series(f"erfc{bits}", f"-log(1 - erf(x)) in x - 1 on 1 <= x <= {nstr(high + 1, 3)}, of erf(x)",
               lambda x: -log(erfc(x + 1)), lambda x: erfc(x + 1) / erf(x + 1), count, 0, high, bits)

    split("ln2Parts24", "ln(2); the first part times any exponent of f32 is exact", ln2, (14, 24), 2)
    split("ln2Parts53", "ln(2); the first part times any exponent of f64 is exact", ln2, (40, 53), 2)
    split("ln2_24", "ln(2) in two f32", ln2, (24, 24), 2)
    split("ln2_53", "ln(2) in two f64", ln2, (53, 53), 2)
    split("log2eParts24", "1 / ln(2) in two f32", 1 / ln2, (24, 24), 2)
    split("log2eParts53", "1 / ln(2) in two f64", 1 / ln2, (53, 53), 2)
    split("halfPi", "pi/2 in three f64", pi / 2, (53, 53, 53), 3)
    split("halfPi24", "pi/2 in two f32", pi / 2, (24, 24), 2)
    split("third", "1/3 in two f64", one / 3, (53, 53), 2)
    split("twoOverPi", "2/pi", 2 / pi, (53,), 1)

    words = 20
    with mp.workprec(1600):
        bits = int(floor(ldexp(2 / pi, 64 * words)))
    print("/// 64 zero bits, then the first 1280 bits of 2/pi.")
    print("inline constexpr uint64_t twoOverPiBits[] = {\n    0,")
    values = [f"0x{(bits >> (64 * (words - 1 - i))) & (2**64 - 1):016x}" for i in range(words)]
    for i in range(0, words, 5):
        print("    " + ", ".join(values[i:i + 5]) + ("," if i + 5 < words else "};"))
    print("\n} // namespace attn::lower::coefficients")


if __name__ == "__main__":
    main()
