package ipmi

import (
	"errors"
	"fmt"
	"time"

	"github.com/bougou/go-ipmi/pkg/client"
	"github.com/bougou/go-ipmi/pkg/types"

	"drydock/drivers"
	"drydock/drivers/oob/bmc"
)

var (
	// errSuite marks a BMC that does not take the cipher suite.
	errSuite = errors.New("the cipher suite is not offered")
	// errSilent marks a BMC that did not answer.
	errSilent = errors.New("no answer")
	// errTorn marks a login that came to nothing for reasons other than the account: it may be begun anew.
	errTorn = errors.New("the login was torn")
)

// torn marks a failure so. It is one of class Unreachable or Busy, and never one about the account.
func torn(f *bmc.Fault) *bmc.Fault {
	f.Err = fmt.Errorf("%w: %w", errTorn, f.Err)
	return f
}

// openDoing is the step of a login that a dead BMC is silent to.
const openDoing = "open a session"

func isSilence(err error) bool { return errors.Is(err, errSilent) }

// accountAdvice is for a refused login. A BMC may hide that it does not know the account behind a wrong password.
const accountAdvice = "check account and password of the BMC in the design; they are not tried again, so that the account is not locked"

const reachAdvice = "check that the BMC has power and network, that its address in the design is right, and that IPMI over LAN is on"

// handshakeFault tells apart what ipmitool has one sentence for: a silent BMC, one without the suite, one without a free
// session, an unknown account, a wrong password, and a level that the account does not have.
func (c *conn) handshakeFault(doing string, suite types.CipherSuiteID, err error) *bmc.Fault {
	if errors.Is(err, client.ErrRAKPAuthentication) {
		return c.refusedAccount(doing)
	}
	var answered *types.RmcpStatusError
	if !errors.As(err, &answered) {
		f := c.fault(doing, err)
		if isSilence(f) && doing != openDoing { // it lived a moment ago
			f.Advice = "check the account of the BMC in the design: some BMCs are silent to one that they do not know; else the network to the BMC loses datagrams"
			return torn(f)
		}
		return f
	}
	switch answered.StatusCode() {
	case types.RmcpStatusCodeInvalidAuthAlg, types.RmcpStatusCodeInvalidIntegrityAlg, types.RmcpStatusCodeInvalidConfidentAlg,
		types.RmcpStatusCodeNoMatchingAuthPayload, types.RmcpStatusCodeNoMatchingIntegrityPayload, types.RmcpStatusCodeNoCipherSuiteMatch:
		return c.otherSuite(suite)
	case types.RmcpStatusCodeNoResToCreateSess, types.RmcpStatusCodeNoResToCreateSessAtRole:
		f := bmc.Failf(drivers.Busy, "the BMC has no free session: end sessions that other tools left open, or wait for them to expire",
			"%s at BMC %s: %w", doing, c.endpoint, err)
		f.After = time.Minute
		return f
	case types.RmcpStatusCodeUnauthorizedName, types.RmcpStatusCodeInvalidNameLength:
		return bmc.Failf(drivers.AuthFailed, accountAdvice,
			"%s at BMC %s: the BMC does not know the account at this level", doing, c.endpoint)
	case types.RmcpStatusCodeInvalidRole, types.RmcpStatusCodeUnauthorizedRoleOfPriLevel:
		return bmc.Failf(drivers.AuthFailed, "set "+PrivilegeParameter+" in the node's oob section to the level that the account has",
			"%s at BMC %s: the account does not have the level that was asked for", doing, c.endpoint)
	case types.RmcpStatusCodeInvalidIntegrityCheckValue:
		return c.refusedAccount(doing)
	case types.RmcpStatusCodeInvalidSessionID, types.RmcpStatusCodeInactiveSessionID:
		return torn(bmc.Failf(drivers.Busy, "", "%s: BMC %s has dropped the session that it had begun: %w", doing, c.endpoint, err))
	}
	return bmc.Failf(drivers.Internal, "", "%s at BMC %s: %w", doing, c.endpoint, err)
}

// provenFault is for the end of a login, after the BMC has shown that it knows the password. A refusal of the console's proof
// is then for a proof of another exchange: RAKP message 1 came twice, and the BMC counts the second. Where it is always so,
// the account may be closed for IPMI.
func (c *conn) provenFault(doing string, suite types.CipherSuiteID, err error) *bmc.Fault {
	if errors.Is(err, client.ErrRAKPAuthentication) {
		return bmc.Failf(drivers.NotSupported, "clear the BMC's K_G key, or use another driver for the node",
			"%s: BMC %s knows the password and derives other keys of it: it has a K_G key (two-key login)", doing, c.endpoint)
	}
	f := c.handshakeFault(doing, suite, err)
	var answered *types.RmcpStatusError
	if !errors.As(err, &answered) {
		return f
	}
	switch answered.StatusCode() {
	case types.RmcpStatusCodeUnauthorizedName, types.RmcpStatusCodeInvalidIntegrityCheckValue:
		return torn(bmc.Failf(drivers.Busy, "when it stays so, see whether the account is open for IPMI over LAN at the BMC",
			"%s: BMC %s knows the password and opened no session: %w", doing, c.endpoint, err))
	}
	return f
}

func (c *conn) refusedAccount(doing string) *bmc.Fault {
	return bmc.Failf(drivers.AuthFailed, accountAdvice, "%s at BMC %s: account or password is wrong", doing, c.endpoint)
}

func (c *conn) otherSuite(suite types.CipherSuiteID) *bmc.Fault {
	return bmc.Failf(drivers.NotSupported, "configure a cipher suite that the BMC offers; suite 0 is never used",
		"open a session at BMC %s with cipher suite %d: %w", c.endpoint, suite, errSuite)
}

// parting is the status with which a login is given up. One that was torn is no wrong password, which a BMC may count.
func parting(f *bmc.Fault) types.RmcpStatusCode {
	if f.Class == drivers.AuthFailed {
		return types.RmcpStatusCodeInvalidIntegrityCheckValue
	}
	return types.RmcpStatusCodeNoResToCreateSess
}

// completion is the completion code of an answer; ok is false when there was no answer.
func completion(err error) (types.CompletionCode, bool) {
	answered, ok := types.IsResponseError(err)
	if !ok {
		return 0, false
	}
	return answered.CompletionCode(), true
}

// fault makes the failure of a command into a Fault. An answer is a refusal only where its completion code rules out that
// the command was carried out; "unspecified error" and "timeout" do not.
func (c *conn) fault(doing string, err error) *bmc.Fault {
	code, answered := completion(err)
	if !answered {
		return bmc.Failf(drivers.Unreachable, reachAdvice, "%s: BMC %s did not answer: %w: %w", doing, c.endpoint, errSilent, err)
	}
	f := bmc.Failf(drivers.Internal, "", "%s: BMC %s answered %s", doing, c.endpoint, codeText(code))
	f.Refused = true
	switch code {
	case types.CodeNodeBusy, types.CodeCannotProvideResponseSDRRInUpdate, types.CodeCannotProvideResponseFirmwareUpdate,
		types.CodeCannotProvideResponseBMCInitialize, types.CodeOutOfSpace:
		f.Class = drivers.Busy
	case types.CodeNotSupported: // D5h: not in the present state; the state may be another in a moment
		f.Class = drivers.Busy
	case types.CodeInsufficientPrivilege:
		f.Class = drivers.AuthFailed
		f.Advice = "give the account the operator level at the BMC"
	case types.CodeInvalidCommand, types.CodeInvalidCommandForLUN, types.CodeRequestDataLengthInvalid, types.CodeParameterOutOfRange,
		types.CodeRequestDataFieldInvalid, types.CodeIllegalCommand, types.CodeSubFnDisabled, types.CodeParameterNotSupported,
		types.CodeRequestDataTruncated:
		f.Class = drivers.NotSupported
	default:
		f.Refused = false
	}
	return f
}

// codeText spells a completion code as the specification does.
func codeText(code types.CompletionCode) string {
	return fmt.Sprintf("with completion code %02Xh (%s)", uint8(code), code.String())
}

// notOffered reports whether the BMC has no such command or parameter.
func notOffered(err error) bool {
	var f *bmc.Fault
	return errors.As(err, &f) && f.Class == drivers.NotSupported
}
