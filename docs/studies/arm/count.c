/* A plugin for qemu's user mode (API version 1): counts the instructions that an emulated Arm program executes.

   Adds a line "all, 8-bit dot products, float multiply-adds, 8-bit multiply-adds" to the file named in PONNUKI_COUNTS
   whenever the program asks for the process group of process 0x7fffffff, which there is none of. The API's few
   declarations stand here, since Debian's package comes without its header. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { ADD_U64 = 0 };

int qemu_plugin_version = 1;
void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, void (*)(plugin_id, struct qemu_plugin_tb *));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *, int, void *, uint64_t);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *, int, void *, uint64_t);
void qemu_plugin_register_vcpu_syscall_cb(plugin_id, void (*)(plugin_id, unsigned, int64_t, uint64_t, uint64_t, uint64_t,
                                                              uint64_t, uint64_t, uint64_t, uint64_t, uint64_t));

enum { GETPGID = 155, NOBODY = 0x7fffffff }; /* as Linux numbers system calls on Arm */

static uint64_t all;

/* A64 encodings (Arm Architecture Reference Manual, C4.1, "Advanced SIMD"): value under mask, by vector and by element. */
static struct kind {
  uint32_t vector_mask, vector, element_mask, element;
  uint64_t count;
} kinds[] = {
    {0x9f20fc00, 0x0e009400, 0x9f00f400, 0x0f00e000, 0}, /* SDOT, UDOT */
    {0xbfa0fc00, 0x0e20cc00, 0xbf80f400, 0x0f801000, 0}, /* FMLA */
    {0x9f20fc00, 0x0e208000, 0x9f00f400, 0x0f002000, 0}, /* SMLAL, UMLAL */
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static void translated(plugin_id id, struct qemu_plugin_tb *block) {
  size_t count = qemu_plugin_tb_n_insns(block);
  qemu_plugin_register_vcpu_tb_exec_inline(block, ADD_U64, &all, count);
  for (size_t i = 0; i < count; i++) {
    struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(block, i);
    uint32_t word = *(const uint32_t *)qemu_plugin_insn_data(instruction);
    for (struct kind *kind = kinds; kind < kinds + KINDS; kind++)
      if ((word & kind->vector_mask) == kind->vector || (word & kind->element_mask) == kind->element)
        qemu_plugin_register_vcpu_insn_exec_inline(instruction, ADD_U64, &kind->count, 1);
  }
}

static void called(plugin_id id, unsigned cpu, int64_t number, uint64_t first, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
                   uint64_t f, uint64_t g, uint64_t h) {
  if (number != GETPGID || first != NOBODY) return;
  FILE *file = fopen(getenv("PONNUKI_COUNTS"), "a");
  if (!file) return;
  fprintf(file, "%lu", all);
  for (struct kind *kind = kinds; kind < kinds + KINDS; kind++) fprintf(file, " %lu", kind->count);
  fputc('\n', file);
  fclose(file);
}

int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv) {
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
  qemu_plugin_register_vcpu_syscall_cb(id, called);
  return 0;
}
