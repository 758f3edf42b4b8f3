// module: veth
// A program for a function of a module: its type is one of the module's, and libbpf names the module by
// the descriptor of its types.
#include "common.h"

SEC("fentry/veth_xmit")
int entered(void *context) { return 0; }

SEC("fexit/veth_xmit")
int left(void *context) { return 0; }
