// refused: does not fit
#include "common.h"
extern char CONFIG_HZ __kconfig;
SEC("socket") int reads(void *context) { return CONFIG_HZ; }
