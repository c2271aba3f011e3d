#ifndef ATTN_OPS
#define ATTN_OPS

include "dialect/AttnCoordinateOps.td"
include "dialect/AttnTileOps.td"

#endif
