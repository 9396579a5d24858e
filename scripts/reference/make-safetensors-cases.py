"""Odd safetensors files, and what the safetensors package (the format's reference implementation) does with each.

Writes test/reference/safetensors/cases.json: a list of {name, file (base64), opens, names, metadata}.
"""

import base64
import json
import pathlib
import struct
import tempfile

from safetensors import safe_open


def make(header, data=b"", length=None):
    header = header if isinstance(header, bytes) else header.encode()
    return struct.pack("<Q", len(header) if length is None else length) + header + data


T = '{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}%s}'
D4 = b"\0" * 4
CASES = {
 'plain': make(T%'',D4),
 'trailing spaces': make(T%''+'   ',D4),
 'trailing newline': make(T%''+'\n',D4),
 'trailing tab': make(T%''+'\t',D4),
 'trailing NUL': make(T%''+'\0',D4),
 'trailing garbage': make(T%''+'x',D4),
 'leading space': make(' '+T%'',D4),
 'leading newline': make('\n'+T%'',D4),
 'BOM': make(b'\xef\xbb\xbf'+(T%'').encode(),D4),
 'inner whitespace': make('{ "w" :\n{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',D4),
 'list': make('[]'),
 'null': make('null'),
 'empty header': make(''),
 'empty object': make('{}'),
 'empty object with data': make('{}',D4),
 'dup name same': make('{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',D4),
 'dup name other': make('{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',D4*2),
 'dup name escaped': make('{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\\u0077":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',D4*2),
 'dup metadata': make(T%',"__metadata__":{"a":"b"},"__metadata__":{"c":"d"}',D4),
 'dup metadata null+map': make(T%',"__metadata__":null,"__metadata__":{"c":"d"}',D4),
 'dup key in metadata': make(T%',"__metadata__":{"a":"b","a":"c"}',D4),
 'dup dtype': make('{"w":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}',D4),
 'dup shape': make('{"w":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}}',D4),
 'metadata null': make(T%',"__metadata__":null',D4),
 'metadata empty': make(T%',"__metadata__":{}',D4),
 'metadata number': make(T%',"__metadata__":{"a":1}',D4),
 'metadata nested': make(T%',"__metadata__":{"a":{"b":"c"}}',D4),
 'metadata null value': make(T%',"__metadata__":{"a":null}',D4),
 'metadata list': make(T%',"__metadata__":[]',D4),
 'metadata string': make(T%',"__metadata__":"x"',D4),
 'metadata tensor-like': make(T%',"__metadata__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}',D4),
 'unknown field': make('{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"extra":1}}',D4),
 'unknown deep field': make('{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"extra":'+'['*100+']'*100+'}}',D4),
 'tensor as array': make('{"w":["F32",[1],[0,4]]}',D4),
 'shape 1.0': make('{"w":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}',D4),
 'shape 1e0': make('{"w":{"dtype":"F32","shape":[1e0],"data_offsets":[0,4]}}',D4),
 'shape -0': make('{"w":{"dtype":"F32","shape":[-0],"data_offsets":[0,0]}}',b''),
 'shape string': make('{"w":{"dtype":"F32","shape":["1"],"data_offsets":[0,4]}}',D4),
 'offset 0.0': make('{"w":{"dtype":"F32","shape":[1],"data_offsets":[0.0,4]}}',D4),
 'shape []': make('{"w":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}',D4),
 'shape [0]': make('{"w":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}',b''),
 'shape [0] between': make('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"z":{"dtype":"F32","shape":[0],"data_offsets":[4,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',D4*2),
 'shape [0] inside other': make('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"z":{"dtype":"F32","shape":[0],"data_offsets":[4,4]}}',D4*2),
 'shape 2^62,0': make('{"w":{"dtype":"F32","shape":[4611686018427387904,0],"data_offsets":[0,0]}}',b''),
 'shape 2^53+1,0': make('{"w":{"dtype":"F32","shape":[9007199254740993,0],"data_offsets":[0,0]}}',b''),
 'shape 2^40,2^40,0': make('{"w":{"dtype":"F32","shape":[1099511627776,1099511627776,0],"data_offsets":[0,0]}}',b''),
 'shape 0,2^40,2^40': make('{"w":{"dtype":"F32","shape":[0,1099511627776,1099511627776],"data_offsets":[0,0]}}',b''),
 'shape 2^64': make('{"w":{"dtype":"F32","shape":[18446744073709551616],"data_offsets":[0,0]}}',b''),
 'data_offsets 3': make('{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}}',D4),
 'data_offsets 1': make('{"w":{"dtype":"F32","shape":[1],"data_offsets":[0]}}',D4),
 'lower dtype': make('{"w":{"dtype":"f32","shape":[1],"data_offsets":[0,4]}}',D4),
 'F4 half byte': make('{"w":{"dtype":"F4","shape":[1],"data_offsets":[0,1]}}',b'\0'),
 'F4 two': make('{"w":{"dtype":"F4","shape":[2],"data_offsets":[0,1]}}',b'\0'),
 'gap': make('{"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',D4*2),
 'trailing bytes': make(T%'',D4+b'\0'),
 'truncated': make(T%'',b'\0'*3),
 'header beyond file': make('{}',length=1000),
 'header 100MB in 16 bytes': make('{}      ',length=100_000_000),
 'header 100MB+1': make('{}      ',length=100_000_001),
 'empty file': b'',
 '7 bytes': b'\0'*7,
 'unpaired surrogate': make('{"\\ud800":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',D4),
 'invalid utf8': make(b'{"\xff":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',D4),
 'raw control char': make('{"a\n":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',D4),
 'escaped nul': make('{"a\\u0000":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',D4),
 'empty name': make('{"":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',D4),
 '__proto__': make('{"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',D4),
 'trailing comma': make('{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},}',D4),
 'NaN': make('{"w":{"dtype":"F32","shape":[NaN],"data_offsets":[0,4]}}',D4),
 'missing shape': make('{"w":{"dtype":"F32","data_offsets":[0,4]}}',D4),
 'null tensor': make('{"w":null}'),
 'leading zero': make('{"w":{"dtype":"F32","shape":[01],"data_offsets":[0,4]}}',D4),
 'header not multiple of 8': make(T%'',D4),
 'order of tensors by offset reversed': make('{"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',D4*2),
}

def judge(path):
    try:
        with safe_open(path, "numpy") as file:
            return {"opens": True, "names": sorted(file.keys()), "metadata": file.metadata() or {}}
    except Exception:
        return {"opens": False}


with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder) / "case.safetensors"
    rows = []
    for name, content in CASES.items():
        path.write_bytes(content)
        rows.append({"name": name, "file": base64.b64encode(content).decode(), **judge(path)})

target = pathlib.Path(__file__).parents[2] / "test/reference/safetensors/cases.json"
target.parent.mkdir(exist_ok=True)
target.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
