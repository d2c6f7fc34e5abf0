/* SPDX-License-Identifier: BSD-2-Clause */
/* FPCR and FPSR by MXCSR (Intel SDM volume 1, 10.2.3). */
#include "dbt/fp/fpcr.h"

#define MXCSR_IE     BIT32(0)
#define MXCSR_ZE     BIT32(2)
#define MXCSR_OE     BIT32(3)
#define MXCSR_UE     BIT32(4)
#define MXCSR_PE     BIT32(5)
#define MXCSR_RC     MASK(14, 13)
#define MXCSR_DAZ    BIT32(6)
#define MXCSR_FZ     BIT32(15)
#define MXCSR_STICKY ((uint32_t)MASK(5, 0))

#define SINGLES(x) ((uint64_t)(x) << 32 | (x))
#define FP_PAIR(name, s, d)                                                                        \
    [FPK_##name] = {{SINGLES(s), SINGLES(s)}}, [FPK_##name##_DOUBLE] = {{d, d}},
#define FP_BITS(name, low, high) [FPK_##name] = {{low, high}},
static const v128 constants[FPK_COUNT] = {
#include "dbt/fp/constants.inc"
};
#undef FP_PAIR
#undef FP_BITS

void fp_init(struct a64_state *st)
{
    for (unsigned i = 0; i < FPK_COUNT; i++) {
        st->fp_const[i] = constants[i];
    }
    fp_estimate_tables(st->fp_estimate[0], st->fp_estimate[1]);
    fp_write_fpcr(st, 0);
    fp_write_fpsr(st, 0);
}

void fp_write_fpcr(struct a64_state *st, uint64_t value)
{
    /* RC by RMode: nearest, up, down, zero */
    static const uint8_t rc[4] = {0, 2, 1, 3};

    st->fpcr = (uint32_t)value & FPCR_WRITABLE;
    st->mxcsr = (st->mxcsr & MXCSR_STICKY) | MXCSR_RESET |
                (value & FPCR_FZ ? MXCSR_DAZ | MXCSR_FZ : 0) |
                (uint32_t)FIELD(MXCSR_RC, rc[GET_FIELD(value, FPCR_RMODE)]);
}

static bool has_saturated(const struct a64_state *st)
{
    uint64_t any = 0;

    for (unsigned n = 0; n < ARRAY_SIZE(st->qc); n++) {
        any |= st->qc[n].lane[0] | st->qc[n].lane[1];
    }
    return any;
}

uint32_t fp_read_fpsr(const struct a64_state *st)
{
    uint32_t m = st->mxcsr;

    return st->fpsr | (has_saturated(st) ? FPSR_QC : 0) | (m & MXCSR_IE ? FPSR_IOC : 0) |
           (m & MXCSR_ZE ? FPSR_DZC : 0) | (m & MXCSR_OE ? FPSR_OFC : 0) |
           (m & MXCSR_UE ? FPSR_UFC : 0) | (m & MXCSR_PE ? FPSR_IXC : 0);
}

void fp_write_fpsr(struct a64_state *st, uint64_t value)
{
    st->fpsr = (uint32_t)value & FPSR_WRITABLE & ~FPSR_QC;
    __builtin_memset(st->qc, 0, sizeof(st->qc));
    st->qc[0].lane[0] = !!(value & FPSR_QC);
    st->mxcsr &= ~MXCSR_STICKY;
}
