#include "base/bytes.h"  // base sees itself
