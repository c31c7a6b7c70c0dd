from inkdigit.serving.reference import draw_reference


def test_strangers_words_are_words() -> None:
    route = {
        "description": "<b>",
        "parameters": [{"name": "<i>", "in": "query"}],
        "requestBody": {"content": {"<u>": {}}},
        "responses": {"200": {"description": "&", "content": {"a": {"example": {"</pre>": "<script>"}}}}},
    }
    page = draw_reference({"info": {"title": "<x>", "version": "1"}, "paths": {"/<p>": {"get": route}}})
    for word in ("<b>", "<i>", "<u>", "<x>", "<p>\n", "<script"):
        assert word not in page
    assert "GET /&lt;p&gt;" in page
    assert "&lt;script&gt;" in page
