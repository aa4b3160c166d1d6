/*
 * What the programs compute: one line an operation, X(name, PTX, signature, result), the result in terms of its operands a, b, c, e,
 * which are zero-extended bits. What is written is cut to the destination.
 */
#ifndef LOTTO_TESTS_DIFFERENTIAL_OPERATIONS_H
#define LOTTO_TESTS_DIFFERENTIAL_OPERATIONS_H

#define WHOLE_NUMBERS(X)                                                                                     \
    X(add_u16, "add.u16", "hhh", a + b)                                                                      \
    X(add_u32, "add.u32", "rrr", a + b)                                                                      \
    X(add_s64, "add.s64", "ddd", a + b)                                                                      \
    X(add_sat, "add.sat.s32", "rrr", clamp32(S32(a) + S32(b)))                                               \
    X(sub_s16, "sub.s16", "hhh", a - b)                                                                      \
    X(sub_s32, "sub.s32", "rrr", a - b)                                                                      \
    X(sub_u64, "sub.u64", "ddd", a - b)                                                                      \
    X(mul_lo_u16, "mul.lo.u16", "hhh", a *b)                                                                 \
    X(mul_lo_s32, "mul.lo.s32", "rrr", a *b)                                                                 \
    X(mul_lo_u64, "mul.lo.u64", "ddd", a *b)                                                                 \
    X(mul_hi_s16, "mul.hi.s16", "hhh", S16(a) * S16(b) >> 16)                                                \
    X(mul_hi_u32, "mul.hi.u32", "rrr", a *b >> 32)                                                           \
    X(mul_hi_s32, "mul.hi.s32", "rrr", S32(a) * S32(b) >> 32)                                                \
    X(mul_hi_u64, "mul.hi.u64", "ddd", (unsigned __int128)a *b >> 64)                                        \
    X(mul_hi_s64, "mul.hi.s64", "ddd", (__int128)S64(a) * S64(b) >> 64)                                      \
    X(mul_wide_u16, "mul.wide.u16", "rhh", a *b)                                                             \
    X(mul_wide_s16, "mul.wide.s16", "rhh", S16(a) * S16(b))                                                  \
    X(mul_wide_u32, "mul.wide.u32", "drr", a *b)                                                             \
    X(mul_wide_s32, "mul.wide.s32", "drr", S32(a) * S32(b))                                                  \
    X(mad_lo_u32, "mad.lo.u32", "rrrr", a *b + c)                                                            \
    X(mad_lo_s64, "mad.lo.s64", "dddd", a *b + c)                                                            \
    X(mad_hi_s32, "mad.hi.s32", "rrrr", (S32(a) * S32(b) >> 32) + S32(c))                                    \
    X(mad_wide_u16, "mad.wide.u16", "rhhr", a *b + c)                                                        \
    X(mad_wide_s32, "mad.wide.s32", "drrd", (uint64_t)(S32(a) * S32(b)) + c)                                 \
    X(mul24, "mul24.lo.u32", "rrr", (a & 0xffffff) * (b & 0xffffff))                                         \
    X(sad_s32, "sad.s32", "rrrr", c + (uint64_t)(S32(a) < S32(b) ? S32(b) - S32(a) : S32(a) - S32(b)))       \
    X(sad_u64, "sad.u64", "dddd", c + (a < b ? b - a : a - b))                                               \
    X(min_s16, "min.s16", "hhh", S16(a) < S16(b) ? a : b)                                                    \
    X(min_u32, "min.u32", "rrr", a < b ? a : b)                                                              \
    X(max_s32, "max.s32", "rrr", S32(a) > S32(b) ? a : b)                                                    \
    X(max_u64, "max.u64", "ddd", a > b ? a : b)                                                              \
    X(abs_s32, "abs.s32", "rr", S32(a) < 0 ? -a : a)                                                         \
    X(neg_s64, "neg.s64", "dd", -a)                                                                          \
    X(and_b16, "and.b16", "hhh", a &b)                                                                       \
    X(and_b32, "and.b32", "rrr", a &b)                                                                       \
    X(or_b64, "or.b64", "ddd", a | b)                                                                        \
    X(xor_b32, "xor.b32", "rrr", a ^ b)                                                                      \
    X(not_b64, "not.b64", "dd", ~a)                                                                          \
    X(cnot_b32, "cnot.b32", "rr", a == 0)                                                                    \
    X(shl_b16, "shl.b16", "hhr", b > 15 ? 0 : a << b)                                                        \
    X(shl_b32, "shl.b32", "rrr", b > 31 ? 0 : a << b)                                                        \
    X(shl_b64, "shl.b64", "ddr", b > 63 ? 0 : a << b)                                                        \
    X(shr_u32, "shr.u32", "rrr", b > 31 ? 0 : a >> b)                                                        \
    X(shr_s32, "shr.s32", "rrr", S32(a) >> (b > 31 ? 31 : b))                                                \
    X(shr_s64, "shr.s64", "ddr", S64(a) >> (b > 63 ? 63 : b))                                                \
    X(shr_u16, "shr.u16", "hhr", b > 15 ? 0 : a >> b)                                                        \
    X(shf_l, "shf.l.wrap.b32", "rrrr", (b << 32 | a) << (c & 31) >> 32)                                      \
    X(shf_r, "shf.r.clamp.b32", "rrrr", c > 31 ? b : (b << 32 | a) >> c)                                     \
    X(prmt, "prmt.b32", "rrrr", permuted(b << 32 | a, c))                                                    \
    X(lop3_sum, "lop3.b32", "rrrr#150", a ^ b ^ c)                                                           \
    X(lop3_choose, "lop3.b32", "rrrr#202", (a & b) | (~a & c))                                               \
    X(lop3_any, "lop3.b32", "rrrr#254", a | b | c)                                                           \
    X(lop3_most, "lop3.b32", "rrrr#232", (a & b) | (a & c) | (b & c))                                        \
    X(bfe_u32, "bfe.u32", "rrrr", extracted(a, b & 255, c & 255, 32, false))                                 \
    X(bfe_s64, "bfe.s64", "ddrr", extracted(a, b & 255, c & 255, 64, true))                                  \
    X(bfi_b32, "bfi.b32", "rrrrr", inserted(a, b, c & 255, e & 255, 32))                                     \
    X(bfi_b64, "bfi.b64", "dddrr", inserted(a, b, c & 255, e & 255, 64))                                     \
    X(popc_b64, "popc.b64", "rd", counted(a))                                                                \
    X(clz_b32, "clz.b32", "rr", 31 - last_bit(a))                                                            \
    X(bfind_u64, "bfind.u64", "rd", last_bit(a))                                                             \
    X(brev_b32, "brev.b32", "rr", reversed(a))                                                               \
    X(dp4a, "dp4a.s32.u32", "rrrr", dot(a, b, c))                                                            \
    X(szext, "szext.wrap.s32", "rrr", extracted(a, 0, b & 31, 32, true))                                     \
    X(slct, "slct.b32.s32", "rrrr", S32(c) >= 0 ? a : b)                                                     \
    X(mov_r, "mov.b32", "rr", a)                                                                             \
    X(mov_d, "mov.b64", "dd", a)

#define CARRIES(X)                                                                                           \
    X(add_cc, "add.cc.u32", "rrr", carried(thread, a + b))                                                   \
    X(addc, "addc.u32", "rrr", a + b + thread->carry)                                                        \
    X(addc_cc, "addc.cc.u32", "rrr", carried(thread, a + b + thread->carry))                                 \
    X(sub_cc, "sub.cc.u32", "rrr", carried(thread, a + (uint32_t)~b + 1))                                    \
    X(subc, "subc.u32", "rrr", a + (uint32_t)~b + thread->carry)                                             \
    X(subc_cc, "subc.cc.u32", "rrr", carried(thread, a + (uint32_t)~b + thread->carry))                      \
    X(mad_lo_cc, "mad.lo.cc.u32", "rrrr", carried(thread, (uint32_t)(a * b) + c))                            \
    X(madc_hi, "madc.hi.u32", "rrrr", (a * b >> 32) + c + thread->carry)                                     \
    X(madc_hi_cc, "madc.hi.cc.u32", "rrrr", carried(thread, (a * b >> 32) + c + thread->carry))

/* The generator makes these with a divisor that is odd. */
#define DIVISIONS(X)                                                                                         \
    X(div_u32, "div.u32", "rrr", a / b)                                                                      \
    X(rem_s32, "rem.s32", "rrr", S32(a) % S32(b))                                                            \
    X(div_s32, "div.s32", "rrr", S32(a) / S32(b))                                                            \
    X(div_u64, "div.u64", "ddd", a / b)                                                                      \
    X(rem_u16, "rem.u16", "hhh", a % b)

#define CONVERSIONS(X)                                                                                       \
    X(cvt_s64_s32, "cvt.s64.s32", "dr", S32(a))                                                              \
    X(cvt_u64_u32, "cvt.u64.u32", "dr", a)                                                                   \
    X(cvt_u32_u64, "cvt.u32.u64", "rd", a)                                                                   \
    X(cvt_u32_u16, "cvt.u32.u16", "rh", a)                                                                   \
    X(cvt_s32_s8, "cvt.s32.s8", "rh", (int8_t)a)                                                             \
    X(cvt_u8_u32, "cvt.u8.u32", "hr", a & 0xff)                                                              \
    X(cvt_s16_s64, "cvt.s16.s64", "hd", a)                                                                   \
    X(cvt_sat_s16_s32, "cvt.sat.s16.s32", "hr", S32(a) < -32768 ? -32768 : S32(a) > 32767 ? 32767 : S32(a))  \
    X(cvt_sat_u32_s64, "cvt.sat.u32.s64", "rd", S64(a) < 0 ? 0 : a > 0xffffffff ? 0xffffffff : a)            \
    X(cvt_f32_s32, "cvt.rn.f32.s32", "rr", of_integer(&format_f32, S32(a), NEAREST))                         \
    X(cvt_f32_u64, "cvt.rz.f32.u64", "rd", of_integer(&format_f32, a, TOWARDS_ZERO))                         \
    X(cvt_f64_s64, "cvt.rn.f64.s64", "dd", of_integer(&format_f64, S64(a), NEAREST))                         \
    X(cvt_f16_u16, "cvt.rn.f16.u16", "hh", of_integer(&format_f16, a, NEAREST))                              \
    X(cvt_s32_f32, "cvt.rzi.s32.f32", "rr",                                                                  \
      to_integer(&format_f32, a, TOWARDS_ZERO, INT32_MIN, INT32_MAX, 0))                                     \
    X(cvt_u32_f32, "cvt.rni.u32.f32", "rr", to_integer(&format_f32, a, NEAREST, 0, UINT32_MAX, 0))           \
    X(cvt_s64_f64, "cvt.rmi.s64.f64", "dd",                                                                  \
      to_integer(&format_f64, a, DOWN, INT64_MIN, INT64_MAX, 1ull << 63))                                    \
    X(cvt_f32_f16, "cvt.f32.f16", "rh", converted(&format_f32, &format_f16, a, NEAREST))                     \
    X(cvt_f16_f32, "cvt.rn.f16.f32", "hr", converted(&format_f16, &format_f32, a, NEAREST))                  \
    X(cvt_bf16_f32, "cvt.rn.bf16.f32", "hr", converted(&format_bf16, &format_f32, a, NEAREST))               \
    X(cvt_f32_f64, "cvt.rn.f32.f64", "rd", converted(&format_f32, &format_f64, a, NEAREST))                  \
    X(cvt_f64_f32, "cvt.f64.f32", "dr!", converted(&format_f64, &format_f32, a, NEAREST))                    \
    X(cvt_f16x2, "cvt.rn.f16x2.f32", "rrr",                                                                  \
      converted(&format_f16, &format_f32, a, NEAREST) << 16 |                                                \
          converted(&format_f16, &format_f32, b, NEAREST))

#define FLOATS(X)                                                                                            \
    X(add_f32, "add.rn.f32", "rrr", sum(&format_f32, a, b, NEAREST))                                         \
    X(add_rm_f32, "add.rm.f32", "rrr", sum(&format_f32, a, b, DOWN))                                         \
    X(add_ftz_f32, "add.ftz.f32", "rrr", FLUSH(sum(&format_f32, FLUSH(a), FLUSH(b), NEAREST)))               \
    X(sub_f32, "sub.rn.f32", "rrr", sum(&format_f32, a, b ^ 0x80000000, NEAREST))                            \
    X(sub_rz_f64, "sub.rz.f64", "ddd!", sum(&format_f64, a, b ^ 1ull << 63, TOWARDS_ZERO))                   \
    X(rcp_f32, "rcp.rn.f32", "rr", quotient(&format_f32, 0x3f800000, a))                                     \
    X(div_f64, "div.rn.f64", "ddd!", quotient(&format_f64, a, b))                                            \
    X(fma_ftz_f32, "fma.rn.ftz.f32", "rrrr",                                                                 \
      FLUSH(fused(&format_f32, FLUSH(a), FLUSH(b), FLUSH(c), NEAREST)))                                      \
    X(mul_f32, "mul.rn.f32", "rrr", product(&format_f32, a, b, NEAREST))                                     \
    X(mul_rz_f32, "mul.rz.f32", "rrr", product(&format_f32, a, b, TOWARDS_ZERO))                             \
    X(mul_sat_f32, "mul.sat.f32", "rrr", saturate_bits(&format_f32, product(&format_f32, a, b, NEAREST)))    \
    X(fma_f32, "fma.rn.f32", "rrrr", fused(&format_f32, a, b, c, NEAREST))                                   \
    X(fma_rp_f32, "fma.rp.f32", "rrrr", fused(&format_f32, a, b, c, UP))                                     \
    X(div_f32, "div.rn.f32", "rrr", quotient(&format_f32, a, b))                                             \
    X(sqrt_f32, "sqrt.rn.f32", "rr", root(&format_f32, a))                                                   \
    X(min_f32, "min.f32", "rrr", least(&format_f32, a, b))                                                   \
    X(copysign_f32, "copysign.f32", "rrr", (b & 0x7fffffff) | (a & 0x80000000))                              \
    X(add_f64, "add.rn.f64", "ddd!", sum(&format_f64, a, b, NEAREST))                                        \
    X(mul_rp_f64, "mul.rp.f64", "ddd!", product(&format_f64, a, b, UP))                                      \
    X(fma_f64, "fma.rn.f64", "dddd!", fused(&format_f64, a, b, c, NEAREST))                                  \
    X(add_f16, "add.rn.f16", "hhh", sum(&format_f16, a, b, NEAREST))                                         \
    X(fma_bf16, "fma.rn.bf16", "hhhh", fused(&format_bf16, a, b, c, NEAREST))                                \
    X(mul_f16x2, "mul.rn.f16x2", "rrr",                                                                      \
      product(&format_f16, a & 0xffff, b & 0xffff, NEAREST) |                                                \
          product(&format_f16, a >> 16, b >> 16, NEAREST) << 16)

#define PREDICATES(X)                                                                                        \
    X(setp_lt_s32, "setp.lt.s32", "prr", S32(a) < S32(b))                                                    \
    X(setp_ge_u32, "setp.ge.u32", "prr", a >= b)                                                             \
    X(setp_eq_u64, "setp.eq.u64", "pdd", a == b)                                                             \
    X(setp_gt_s64, "setp.gt.s64", "pdd", S64(a) > S64(b))                                                    \
    X(setp_ne_s16, "setp.ne.s16", "phh", a != b)                                                             \
    X(setp_lt_and, "setp.lt.and.u32", "prrp", a < b && c)                                                    \
    X(setp_gt_xor, "setp.gt.xor.s32", "prrp", (S32(a) > S32(b)) != c)                                        \
    X(setp_lt_f32, "setp.lt.f32", "prr", compare_bits(&format_f32, a, b) == -1)                              \
    X(setp_neu_f32, "setp.neu.f32", "prr", compare_bits(&format_f32, a, b) != 0)                             \
    X(setp_ge_f64, "setp.ge.f64", "pdd",                                                                     \
      compare_bits(&format_f64, a, b) == 0 || compare_bits(&format_f64, a, b) == 1)                          \
    X(setp_le_or, "setp.le.or.u64", "pddp", a <= b || c)                                                     \
    X(set_f32, "set.gtu.f32.f32", "rrr", compare_bits(&format_f32, a, b) > 0 ? 0x3f800000 : 0)               \
    X(setp_nan_f16, "setp.nan.f16", "phh", compare_bits(&format_f16, a, b) == 2)                             \
    X(and_pred, "and.pred", "ppp", a &b)                                                                     \
    X(xor_pred, "xor.pred", "ppp", a ^ b)                                                                    \
    X(not_pred, "not.pred", "pp", !a)                                                                        \
    X(selp_b32, "selp.b32", "rrrp", c ? a : b)                                                               \
    X(selp_b64, "selp.b64", "dddp", c ? a : b)                                                               \
    X(selp_b16, "selp.b16", "hhhp", c ? a : b)                                                               \
    X(set_u32, "set.le.u32.s32", "rrr", S32(a) <= S32(b) ? 0xffffffff : 0)

#define OPERATIONS(X) WHOLE_NUMBERS(X) CARRIES(X) DIVISIONS(X) CONVERSIONS(X) FLOATS(X) PREDICATES(X)

enum operation_number {
#define NUMBER(name, text, signature, result) OP_##name,
    OPERATIONS(NUMBER)
#undef NUMBER
};

#endif
