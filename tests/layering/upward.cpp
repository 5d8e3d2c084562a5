#include "store/store.h"  // store is above base: this file must not compile
