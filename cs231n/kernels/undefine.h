/* Ends what was included for one type of number. */
#undef real
#undef REAL_BYTES
#undef NAME
#undef LANES
#undef ZERO
#undef SPLAT
#undef LOAD
#undef STORE
#undef TILE_ROWS
#undef TILE_MOST
#undef WIDEST_CHANNEL_TILE
#undef FOR_EACH_TILE
#undef PIXEL_TILE
#undef CHANNEL_TILE
#undef PIXEL_ENTRY
#undef CHANNEL_ENTRY
#undef TRANSFORM
