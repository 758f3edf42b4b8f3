// Settings that are not there are zero.
#include "common.h"
extern int CONFIG_OF_NO_KERNEL __kconfig __weak;
extern char CONFIG_TEXT_OF_NO_KERNEL[8] __kconfig __weak;
extern int CONFIG_HZ __kconfig __weak;
SEC("socket") int sum(void *context) {
  return CONFIG_OF_NO_KERNEL + CONFIG_TEXT_OF_NO_KERNEL[0] + CONFIG_HZ;
}
