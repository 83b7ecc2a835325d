"""The lab's cloud: a simulator of the APIs of Huawei Cloud, as far as the collection calls them."""
