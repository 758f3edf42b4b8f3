// Sections of netkit devices.
#include "common.h"
SEC("netkit/primary") int primary(void *context) { return 0; }
SEC("netkit/peer") int peer(void *context) { return 0; }
