#include "float_lanes.h"
const struct instruction AT_LEVEL(half_instructions)[] = {{NULL, NULL, NULL}};
