import time
def test_a(aws, built, do):
    for _ in range(3):
        s = built(); t=time.time(); r=do("apply", *s.resources); print(len(s.resources), len(aws.calls), time.time()-t)
        for k,v in r.items():
            if v.action.value in("fail","skip","update"): print(k, v)
    t=time.time(); do("destroy", *s.resources); print(time.time()-t)
def test_b(aws, built, do):
    test_a(aws, built,do)
