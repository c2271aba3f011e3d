#include "runtime/kernel/Support.h"

/* A tile's parts are classified in turn: first single pairs at its corners, which show at little cost that it has both
   kinds; then halves of halves, cut where the largest power of two divides, until every part is decided. What lies between
   two parts is often the end of a document or a chunk, so that a cut that decides one half is followed by one along the same
   axis, and any other by one across. A tile costs at most ATTN_MOST_PARTS questions. What searches cost that change nothing is taken off `credit`; once that is used up, only
   corners are looked at in tiles until they have earned enough for a search. */
enum { ATTN_MOST_PARTS = 128, ATTN_MOST_WAITING = 64 };
static const int64_t attn_least_credit = -512, attn_most_credit = 128, attn_skip_earns = 16, attn_success_earns = 128;

typedef struct attn_part {
  int64_t first[2], last[2]; /* queries, keys */
  int32_t axis;              /* to be cut along; the other where it is one wide */
} attn_part;

static int32_t attn_ask(attn_part_classifier *classify, void *closure, const attn_part *part) {
  return classify(closure, part->first[0], part->last[0], part->first[1], part->last[1]);
}

/* The point of [first + 1, last] that the largest power of two divides. */
static int64_t attn_round_point(int64_t first, int64_t last) {
  int64_t differ = first ^ last;
  return last & ~(((int64_t)1 << (63 - __builtin_clzll((unsigned long long)differ))) - 1);
}

/* 1 and 2 for what single pairs at the corners prove. */
static int32_t attn_corners(attn_part_classifier *classify, void *closure, const attn_part *tile) {
  int32_t proven = 0;
  for (int32_t corner = 0; corner < 4 && proven != 3; ++corner) {
    int64_t i = corner & 1 ? tile->last[0] : tile->first[0];
    int64_t j = (corner & 1) == (corner >> 1) ? tile->first[1] : tile->last[1];
    int32_t answer = classify(closure, i, i, j, j);
    proven |= answer == 3 ? 0 : answer & 3;
  }
  return proven;
}

/* Whether the tile was decided: what it holds is then in `proven`. Counts its questions. */
static int32_t attn_search_parts(attn_part_classifier *classify, void *closure, const attn_part *tile, int32_t *proven,
                                 int32_t *asked) {
  attn_part waiting[ATTN_MOST_WAITING];
  int32_t count = 1;
  waiting[0] = *tile;
  while (count > 0) {
    attn_part part = waiting[--count];
    int32_t axis = part.last[part.axis] > part.first[part.axis] ? part.axis : 1 - part.axis, waited = count;
    if (part.last[axis] == part.first[axis])
      return 0; /* a pair that can't be told ends the run, or needs what classifying doesn't know */
    int64_t cut = attn_round_point(part.first[axis], part.last[axis]);
    attn_part halves[2] = {part, part};
    halves[0].axis = halves[1].axis = axis;
    halves[0].last[axis] = cut - 1;
    halves[1].first[axis] = cut;
    for (int32_t n = 0; n < 2; ++n) {
      int32_t answer = attn_ask(classify, closure, &halves[n]);
      if (answer == 3 && count < ATTN_MOST_WAITING)
        waiting[count++] = halves[n];
      else
        *proven |= answer & 3;
      if (*proven == 3)
        return 1;
    }
    if (count == waited + 2)
      waiting[waited].axis = waiting[waited + 1].axis = 1 - axis;
    if ((*asked += 2) >= ATTN_MOST_PARTS)
      return 0;
  }
  return 1;
}

ATTN_SUPPORT_API int32_t attn_classify_parts(attn_part_classifier *classify, void *closure, int64_t *credit,
                                             int64_t first_query, int64_t last_query, int64_t first_key, int64_t last_key) {
  attn_part tile = {{first_query, first_key}, {last_query, last_key}, 1};
  int32_t asked = 0, proven = attn_corners(classify, closure, &tile);
  if (proven == 3)
    return 3;
  if (*credit < attn_least_credit) {
    *credit += attn_skip_earns;
    return 3;
  }
  if (!attn_search_parts(classify, closure, &tile, &proven, &asked))
    proven = 3;
  *credit = proven == 3 ? *credit - asked : attn_least(*credit + attn_success_earns, attn_most_credit);
  return proven;
}
