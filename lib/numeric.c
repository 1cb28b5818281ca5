/* numeric.c: see numeric.h. */
#include "numeric.h"

const float exp_first = -87.0f, exp_last = 88.0f;
