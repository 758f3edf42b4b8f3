// refused: CONFIG_OF_NO_KERNEL
#include "common.h"
extern int CONFIG_OF_NO_KERNEL __kconfig;
SEC("socket") int reads(void *context) { return CONFIG_OF_NO_KERNEL; }
