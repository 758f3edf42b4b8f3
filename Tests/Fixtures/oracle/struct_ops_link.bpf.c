// Operations of the kernel that a link registers.
#include "congestion.h"
CONGESTION(congestion, ".struct_ops.link", "bpf_linked");
