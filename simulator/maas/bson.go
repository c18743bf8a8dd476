package maas

import (
	"bytes"
	"encoding/binary"
)

// bsonDocument encodes a document of two binary values; nil is null. It is all of BSON that op=details needs.
func bsonDocument(name1 string, data1 []byte, name2 string, data2 []byte) []byte {
	var body bytes.Buffer
	put := func(name string, data []byte) {
		if data == nil {
			body.WriteByte(0x0a)
			body.WriteString(name + "\x00")
			return
		}
		body.WriteByte(0x05)
		body.WriteString(name + "\x00")
		_ = binary.Write(&body, binary.LittleEndian, int32(len(data)))
		body.WriteByte(0) // generic binary
		body.Write(data)
	}
	put(name1, data1)
	put(name2, data2)
	var out bytes.Buffer
	_ = binary.Write(&out, binary.LittleEndian, int32(4+body.Len()+1))
	out.Write(body.Bytes())
	out.WriteByte(0)
	return out.Bytes()
}
