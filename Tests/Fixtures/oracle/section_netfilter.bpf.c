// A netfilter hook.
#include "common.h"
SEC("netfilter") int accept(void *context) { return 1; }
