// Kinds of types that older kernels do not know.
#include "common.h"
enum wide { SMALL = 1, LARGE = 0x100000000ull };
struct value {
  enum wide kind;
  float ratio;
  double more;
  int __attribute__((btf_type_tag("tagged"))) *pointer;
  int number __attribute__((btf_decl_tag("also")));
  unsigned bits : 3;
  const char *const restrict text;
};
MAP(typed, BPF_MAP_TYPE_HASH, enum wide, struct value, 4, );
union either { long a; char b[8]; } either;
typedef int (*function)(struct value *, ...);
function pointer;
SEC("socket") int uses(void *context) {
  asm volatile("" ::"r"(&typed));
  return either.b[1] + (pointer != 0);
}
