// Operations of the kernel that are registered when their map is filled.
#include "congestion.h"
CONGESTION(congestion, ".struct_ops", "bpf_plain");
