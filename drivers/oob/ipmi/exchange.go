package ipmi

import (
	"crypto/aes"
	"encoding/binary"

	"github.com/bougou/go-ipmi/pkg/crypto"
	"github.com/bougou/go-ipmi/pkg/types"

	"drydock/design"
)

// consoleSession is the session id that go-ipmi gives its own side.
const consoleSession = 0xa0a1a2a3

// exchange is what a login has agreed on (IPMI 2.0, 13.20 to 13.32).
type exchange struct {
	auth      types.AuthAlg
	integrity types.IntegrityAlg
	password  design.Secret

	session              uint32 // id at the BMC
	consoleRand, bmcRand []byte
	guid                 []byte
	role                 byte
	account              string
	sik, k1, k2          []byte // nil until RAKP message 2
}

// rakp1 reads RAKP message 1 as it goes out.
func (e *exchange) rakp1(p []byte) {
	if len(p) < 28 || len(p) < 28+int(p[27]) {
		return
	}
	e.session = binary.LittleEndian.Uint32(p[4:])
	e.consoleRand = append([]byte(nil), p[8:24]...)
	e.role, e.account = p[24], string(p[28:28+int(p[27])])
}

// rakp2 reads RAKP message 2 and derives the keys. Whether the BMC knows the password is not looked at here.
func (e *exchange) rakp2(p []byte) {
	if len(p) < 40 || p[1] != 0 || e.consoleRand == nil {
		return
	}
	e.bmcRand, e.guid = append([]byte(nil), p[8:24]...), append([]byte(nil), p[24:40]...)
	key := crypto.PadPassword20([]byte(e.password.Reveal()))
	var err error
	if e.sik, e.k1, e.k2, err = crypto.DeriveSessionKeys(e.auth, e.consoleRand, e.bmcRand, e.role, e.account, key); err != nil {
		e.sik, e.k1, e.k2 = nil, nil, nil
	}
}

// rakp4 is the RAKP message 4 of a BMC that has opened the session.
func (e *exchange) rakp4() []byte {
	code, err := crypto.RAKP4ICV(e.auth, e.consoleRand, e.session, e.guid, e.sik)
	if err != nil {
		return nil
	}
	out := append(header(payloadRAKP3+1, uint16(8+len(code))), 0, 0, 0, 0)
	return append(binary.LittleEndian.AppendUint32(out, consoleSession), code...)
}

// code is the authentication code of a datagram within the session, and where it begins.
func (e *exchange) code(datagram []byte) (code []byte, at int) {
	size, ok := crypto.IntegrityAuthCodeLen(e.integrity)
	at = len(datagram) - size
	if !ok || e.k1 == nil || at < atPayload {
		return nil, 0
	}
	code, err := crypto.SessionIntegrityAuthCode(e.integrity, datagram[4:at], e.k1, e.password.Reveal())
	if err != nil {
		return nil, 0
	}
	return code, at
}

// sign renews the authentication code.
func (e *exchange) sign(datagram []byte) {
	if code, at := e.code(datagram); at > 0 {
		copy(datagram[at:], code)
	}
}

// authentic reports whether a datagram of the session is from the BMC, and can be decrypted.
func (e *exchange) authentic(datagram []byte) bool {
	code, at := e.code(datagram)
	if at == 0 || len(code) == 0 || !crypto.Equal(code, datagram[at:]) {
		return false
	}
	length := int(binary.LittleEndian.Uint16(datagram[atLength:]))
	if atPayload+length > at || length < 2*aes.BlockSize || length%aes.BlockSize != 0 {
		return false
	}
	_, err := crypto.DecryptAESPayload(datagram[atPayload:atPayload+length], e.k2)
	return err == nil
}
