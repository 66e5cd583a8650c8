#include "textflag.h"

// forwardHandler answers a signal wherever it arrives, on the stack that Go has
// set aside for signals. It is no Go code: at this moment there is no goroutine.
// The bit in forwardPending decides who passes the signal on, this or aim: once.
//
//	DI: signal   SI: siginfo
TEXT forwardHandler<>(SB), NOSPLIT|NOFRAME|TOPFRAME, $0-0
	MOVL	DI, CX
	LOCK
	BTSL	CX, ·forwardPending(SB)
	MOVLQSX	·forwardTarget(SB), DX
	TESTL	DX, DX
	JZ	done           // not started yet: aim will do it
	LOCK
	BTRL	CX, ·forwardPending(SB)
	JCC	done           // aim has done it
	TESTL	DX, DX
	JLT	send           // another group has nothing from our terminal
	CMPL	8(SI), $0x80   // si_code, SI_KERNEL
	JEQ	done           // the whole group has it already
send:
	MOVQ	DX, DI
	MOVL	CX, SI
	MOVL	$62, AX        // kill
	SYSCALL
done:
	RET

// forwardRestorer is where a handler returns to.
TEXT forwardRestorer<>(SB), NOSPLIT|NOFRAME|TOPFRAME, $0-0
	MOVL	$15, AX        // rt_sigreturn
	SYSCALL
	INT	$3             // not reached

DATA ·forwardHandlerAddr(SB)/8, $forwardHandler<>(SB)
GLOBL ·forwardHandlerAddr(SB), RODATA, $8
DATA ·forwardRestorerAddr(SB)/8, $forwardRestorer<>(SB)
GLOBL ·forwardRestorerAddr(SB), RODATA, $8
