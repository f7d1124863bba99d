from bench.cached import configuration
from bench.servers import Server


def test_the_configuration_of_nginx_can_be_filled_in(tmp_path):
    web = Server(process=None, url="http://127.0.0.1:8123", log=tmp_path / "log")

    written = configuration(tmp_path, web, port=8124)

    assert "server 127.0.0.1:8123;" in written
    assert "listen 127.0.0.1:8124 " in written
    assert f"root {tmp_path};" in written
    assert "proxy_set_header Host $host;" in written
